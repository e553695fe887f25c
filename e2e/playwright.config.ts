import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

/** Chromium as the system has it: nothing is downloaded. */
const CANDIDATES = [
  process.env["CHROMIUM_PATH"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const executablePath = CANDIDATES.find((path) => path && existsSync(path));
if (!executablePath) {
  throw new Error("No Chromium found. Install one, or set CHROMIUM_PATH to where it is.");
}

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  fullyParallel: true,
  workers: 2,
  // Far more than it takes on a machine that does nothing else.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  forbidOnly: !!process.env["CI"],
  reporter: [["list"]],
  use: {
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
      ],
    },
  },
});
