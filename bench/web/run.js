/** `make bench-web`: reads the arguments and runs the measures in Playwright's runner, which understands TypeScript. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    assert: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    profile: { type: "boolean", default: false },
    output: { type: "string", default: fileURLToPath(new URL("../results", import.meta.url)) },
  },
});

const playwright = createRequire(import.meta.url).resolve("@playwright/test/cli");
const config = fileURLToPath(new URL("playwright.config.ts", import.meta.url));
const only = values.only ? ["--grep", values.only.split(",").join("|")] : [];
const { status } = spawnSync(process.execPath, [playwright, "test", "--config", config, ...only], {
  stdio: "inherit",
  env: { ...process.env, BENCH_WEB: JSON.stringify(values) },
});
process.exitCode = status ?? 1;
