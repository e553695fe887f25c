// Writes the TypeScript types of the Python types; with --check, fails where the two have drifted apart.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SOURCES = [
  { module: "millrace.model.schema", file: "events.gen.ts" },
  //  { module: "millrace.dialects.schema", file: "chat.gen.ts" },
];

function python() {
  const local = `${ROOT}.venv/bin/python`;
  return process.env.PYTHON ?? (existsSync(local) ? local : "python3");
}

function readSchema(module) {
  const text = execFileSync(python(), ["-m", module], { cwd: ROOT, encoding: "utf8" });
  const { $ref: _root, ...schema } = JSON.parse(text);
  return schema;
}

/** Titles repeat the names of the definitions; the compiler would make types of their own of them. */
function withoutTitles(node) {
  if (Array.isArray(node)) return node.map(withoutTitles);
  if (node === null || typeof node !== "object") return node;
  const entries = Object.entries(node).filter(
    // A property may itself be called "title"; then its value is a schema, not a name.
    ([key, value]) => !(key === "title" && typeof value === "string"),
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutTitles(value)]));
}

async function generate(module) {
  const schema = withoutTitles(readSchema(module));
  const source = await compile(schema, "Root", {
    additionalProperties: false,
    bannerComment: `/* Generated from \`python -m ${module}\` by \`npm run generate -w @millrace/protocol\`. */`,
    unreachableDefinitions: true,
  });
  return source
    .replace(/export interface Root \{[^}]*\}\n/, "")
    .replace(
      / \*\s*\n \* This interface was referenced by `Root`'s JSON-Schema\n \* via the `definition` "\w+"\.\n/g,
      "",
    )
    .replace(
      /\/\*\*\n \* This interface was referenced by `Root`'s JSON-Schema\n \* via the `definition` "\w+"\.\n \*\/\n/g,
      "",
    );
}

const check = process.argv.includes("--check");
let drifted = false;
for (const { module, file } of SOURCES) {
  const path = fileURLToPath(new URL(`../src/${file}`, import.meta.url));
  const fresh = await generate(module);
  if (!check) {
    await writeFile(path, fresh);
  } else if (!existsSync(path) || (await readFile(path, "utf8")) !== fresh) {
    drifted = true;
    console.error(`${file} differs from the Python types: npm run generate -w @millrace/protocol`);
  }
}
process.exitCode = drifted ? 1 : 0;
