import type { Page } from "@playwright/test";
import { ChatPage } from "../../../e2e/fixtures/page.ts";
import type { Stack } from "../../../e2e/fixtures/stack.ts";
import { written } from "../asking.ts";
import { Chromium } from "../chromium.ts";
import { type Found, figure, highest, quantile } from "../figures.ts";
import { install, notes, reset } from "../probe.ts";
import { tasks } from "../tasks.ts";

const TIMES = 4;
const LONG_TASK_MS = 100;
const INTERACTION_MS = 200;

/**
 * What a slow phone shows of a fast answer: 200 tokens a second, the main thread slowed down four times, and somebody who types and clicks.
 *
 * @param echo What the answer says; null for a usual one, which is not in the question too.
 */
export async function throttled(
  page: Page,
  stack: Stack,
  name: string,
  echo: string | null,
): Promise<Found> {
  await install(page);
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  const echoed = echo === null ? "mixed&tokens=2000" : "echo&tokens=100000";
  await stack.behave(`text=${echoed}&interval_ms=5`);
  const chromium = await Chromium.of(page);
  await chromium.throttle(TIMES);
  // What shows answers is fetched as soon as somebody begins to write.
  await chat.input.fill(echo ?? "Tell me everything");
  await page.waitForLoadState("networkidle");
  await page.waitForTimeout(1000);
  await reset(page);
  const end = await tasks(page);
  await chat.input.press("Enter");
  await page.waitForSelector('[data-testid="answer-text"]');
  const presses = await use(page, chat);
  const found = await notes(page);
  const { cpu, causes } = await end();
  await chromium.throttle(1);
  await written(chat);
  const { longTasks, interactions, frames } = found;
  const times = interactions.map(({ ms }) => ms);
  const figures = [
    figure(`${name}: longest task`, highest(longTasks), "ms", LONG_TASK_MS),
    figure(`${name}: longest task, on a core`, cpu[0] ?? Number.NaN, "ms", LONG_TASK_MS),
    figure(`${name}: tasks of 50 ms or more`, longTasks.length, "tasks"),
    figure(`${name}: slowest interaction of ${presses}`, highest(times), "ms", INTERACTION_MS),
    figure(`${name}: between frames, p95`, quantile(frames, 0.95), "ms"),
  ];
  return { figures, causes };
}

/** Types, opens a menu and closes it again, as long as the answer is being written. Returns how often. */
async function use(page: Page, chat: ChatPage): Promise<number> {
  const place = async (testId: string) => {
    const box = await page.getByTestId(testId).boundingBox();
    if (!box) throw new Error(`${testId} is not to be seen`);
    return [box.x + box.width / 2, box.y + box.height / 2] as const;
  };
  const input = await place("message-input");
  const models = await place("model-button");
  let presses = 0;
  do {
    await page.mouse.click(...input);
    await page.keyboard.type("and what else", { delay: 40 });
    await page.mouse.click(...models);
    await page.waitForTimeout(150);
    // A press beside it closes what is open; Escape would stop the answer once nothing is.
    await page.mouse.click(...input);
    await page.waitForTimeout(150);
    presses += 16;
  } while ((await chat.streaming.count()) > 0);
  return presses;
}
