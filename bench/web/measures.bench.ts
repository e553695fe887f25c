import { test as base, type Page } from "@playwright/test";
import { Stack } from "../../e2e/fixtures/stack.ts";
import { Chromium } from "./chromium.ts";
import { taken } from "./cores.ts";
import { type Finding, type Found, figure } from "./figures.ts";
import { stored, streamed } from "./measures/long.ts";
import { memory } from "./measures/memory.ts";
import { opening } from "./measures/opening.ts";
import { painting } from "./measures/painting.ts";
import { throttled } from "./measures/throttled.ts";
import { options } from "./options.ts";
import { notes } from "./probe.ts";
import { ATTACHMENT } from "./reporter.ts";
import { oneBlock } from "./texts.ts";

/** One user is the whole load, and the questions that are echoed are as long as answers. */
const SETTINGS = {
  MILLRACE_LIMITS__MESSAGE_CHARS: "200000",
  MILLRACE_LIMITS__TURNS_PER_MINUTE: "1000",
  MILLRACE_GENERATION__MAX_TOKENS: "1000000",
  MILLRACE_DISCOVER_LOCAL: "false",
};

const test = base.extend<object, { stack: Stack }>({
  stack: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what a fixture needs out of it
    async ({}, use) => {
      const stack = await Stack.start("", null, [], SETTINGS);
      await use(stack);
      await stack.end();
    },
    { scope: "worker" },
  ],
});

const { quick, profile } = options();
const size = (full: number, small: number) => (quick ? small : full);

/** Measures, and hands over what was found and what took the time. */
async function tell(page: Page, measure: string, run: () => Promise<Found>): Promise<void> {
  const end = profile ? await (await Chromium.of(page)).profile() : null;
  const browser = page.context().browser();
  const share = browser && (await taken(browser));
  const { figures, causes } = await run();
  const others = share ? [figure("core taken by others", await share(), "share")] : [];
  const sampled = (await end?.()) ?? [];
  const { scripts = {} } = await notes(page).catch(() => ({ scripts: {} }));
  const slow = Object.entries<number>(scripts)
    .filter(([, ms]) => ms >= 50)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([where, ms]) => `in long frames: ${ms.toFixed(0)} ms ${where}`);
  const finding: Finding = {
    measure,
    figures: [...figures, ...others],
    causes: [...causes, ...slow, ...sampled],
  };
  await test
    .info()
    .attach(ATTACHMENT, { body: JSON.stringify(finding), contentType: "application/json" });
}

test("opening", async ({ browser, page, stack }) => {
  await tell(page, "opening", () => opening(browser, stack, size(5, 1)));
});

test("painting", async ({ page, stack }) => {
  await tell(page, "painting", () => painting(page, stack, size(250, 60)));
});

test("throttled", async ({ page, stack }) => {
  await tell(page, "throttled", () => throttled(page, stack, "usual", null));
});

for (const [form, text] of Object.entries(oneBlock)) {
  test(`block ${form}`, async ({ page, stack }) => {
    const words = size(1000, 200);
    await tell(page, `block ${form}`, () => throttled(page, stack, form, text(words)));
  });
}

test("memory", async ({ page, stack }) => {
  await tell(page, "memory", () => memory(page, stack, size(6, 1), size(10, 2), size(3000, 300)));
});

test("streamed", async ({ page, stack }) => {
  await tell(page, "streamed", () => streamed(page, stack, size(100_000, 4000)));
});

test("answer", async ({ page, stack }) => {
  await tell(page, "answer", () => stored(page, stack, 1, size(100_000, 4000), size(4000, 500)));
});

test("conversation", async ({ page, stack }) => {
  await tell(page, "conversation", () => stored(page, stack, size(2500, 60), 40, size(4000, 500)));
});
