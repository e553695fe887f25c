import type { Page } from "@playwright/test";
import { ChatPage } from "../../../e2e/fixtures/page.ts";
import { expect, type Stack } from "../../../e2e/fixtures/stack.ts";
import { Chromium } from "../chromium.ts";
import { type Found, figure, highest, quantile } from "../figures.ts";
import { install, notes, reset } from "../probe.ts";
import { tasks } from "../tasks.ts";

const FRAME_MS = 34;
const LONG_TASK_MS = 100;
/** As many elements as the page may have, however long the conversation is. */
const ELEMENTS = 3_000;
/** A single answer is there as a whole, to be searched and copied; what is far out of sight is not laid out. */
const ELEMENTS_OF_ANSWER = 30_000;
/** By how much a token may cost more at the end of a long answer than near its beginning, as a factor. */
const GROWTH = 2;

const elements = (page: Page) => page.evaluate(() => document.querySelectorAll("*").length);
const conversation = (page: Page) => page.getByRole("region", { name: "Conversation" });

/** Scrolls as a wheel does, for so many milliseconds. */
async function wheel(page: Page, by: number, ms: number): Promise<void> {
  const box = await conversation(page).boundingBox();
  if (!box) throw new Error("There is no conversation to scroll");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (const end = Date.now() + ms; Date.now() < end; ) await page.mouse.wheel(0, by);
}

/** A stored conversation of many messages, and one with a very long answer: opened, scrolled through. */
export async function stored(
  page: Page,
  stack: Stack,
  turns: number,
  tokens: number,
  ms: number,
): Promise<Found> {
  await install(page);
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  const session = await (await page.request.get(`${stack.url}/api/auth/session`)).json();
  const id = await stack.seed(session.user.id, turns, tokens);
  const end = await tasks(page);
  const began = Date.now();
  await page.goto(`${stack.url}/chat/${id}`);
  await expect(chat.texts.last()).toBeVisible();
  const seen = Date.now() - began;
  await chat.settled();
  const region = conversation(page);
  let height = 0;
  await expect
    .poll(async () => {
      const before = height;
      height = await region.evaluate((one) => one.scrollHeight);
      return height === before;
    })
    .toBe(true);
  const opened = await notes(page);
  const { cpu, causes } = await end();
  const figures = [
    figure("text to be seen", seen, "ms"),
    figure("longest task while it opens", highest(opened.longTasks), "ms", LONG_TASK_MS),
    figure("longest task while it opens, on a core", cpu[0] ?? Number.NaN, "ms", LONG_TASK_MS),
  ];
  let most = await elements(page);
  await reset(page);
  await wheel(page, -400, ms);
  most = Math.max(most, await elements(page));
  // To the first message, by way of all between.
  const top = page.getByText("Question 1?", { exact: true });
  if (turns > 1) {
    for (const end = Date.now() + 4 * ms; Date.now() < end && (await top.count()) === 0; ) {
      await region.evaluate((one) => one.scrollTo(0, 0));
      await page.waitForTimeout(30);
    }
    most = Math.max(most, await elements(page));
    await wheel(page, 400, ms);
    most = Math.max(most, await elements(page));
  }
  const scrolled = await notes(page);
  figures.push(
    figure("between frames while scrolling, p95", quantile(scrolled.frames, 0.95), "ms", FRAME_MS),
    figure("longest task while scrolling", highest(scrolled.longTasks), "ms", LONG_TASK_MS),
    figure("most DOM elements", most, "elements", turns > 1 ? ELEMENTS : ELEMENTS_OF_ANSWER),
  );
  return { figures, causes };
}

/** An answer of so many tokens as fast as it comes. */
export async function streamed(page: Page, stack: Stack, tokens: number): Promise<Found> {
  await install(page);
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  // A steady pace: what a token costs early and late is compared.
  await stack.behave(`text=mixed&tokens=${tokens}&interval_ms=0.2&chunk=10`);
  const chromium = await Chromium.of(page);
  await reset(page);
  const end = await tasks(page);
  await chat.ask("Tell me everything");
  const worked: { readonly at: number; readonly ms: number }[] = [];
  const began = Date.now();
  await expect(chat.streaming).toBeVisible();
  while ((await chat.streaming.count()) > 0) {
    worked.push({ at: Date.now(), ms: await chromium.worked() });
    await page.waitForTimeout(500);
  }
  const { cpu, causes } = await end();
  const seconds = (Date.now() - began) / 1000;
  await chat.settled();
  const { longTasks, frames } = await notes(page);
  const fifth = Math.floor(worked.length / 5);
  /** The share of the time in which the main thread worked. */
  const busy = (from: number, to: number) => {
    const [begin, end] = [worked[from], worked[to]];
    return begin && end ? (end.ms - begin.ms) / (end.at - begin.at) : Number.NaN;
  };
  const last = worked.length - 1;
  const [early, late] = [busy(fifth, 2 * fifth), busy(last - fifth, last)];
  const figures = [
    figure("the answer", tokens / seconds, "tokens/s"),
    figure("longest task", highest(longTasks), "ms", LONG_TASK_MS),
    figure("longest task, on a core", cpu[0] ?? Number.NaN, "ms", LONG_TASK_MS),
    figure("between frames, p95", quantile(frames, 0.95), "ms", FRAME_MS),
    figure("main thread busy in the last fifth", 100 * late, "%"),
    figure("of it by what it was in the second fifth", late / early, "times", GROWTH),
    figure("DOM elements at the end", await elements(page), "elements", ELEMENTS_OF_ANSWER),
  ];
  return { figures, causes };
}
