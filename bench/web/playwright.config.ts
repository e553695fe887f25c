import { defineConfig } from "@playwright/test";
import browser from "../../e2e/playwright.config.ts";

export default defineConfig({
  testDir: ".",
  testMatch: "measures.bench.ts",
  outputDir: "test-results",
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [["./reporter.ts"]],
  use: {
    ...browser.use,
    // The probe's worker is no part of what the page's policy allows.
    bypassCSP: true,
    screenshot: "off",
    trace: "off",
  },
});
