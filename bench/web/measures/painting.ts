import type { Page } from "@playwright/test";
import { ChatPage } from "../../../e2e/fixtures/page.ts";
import type { Stack } from "../../../e2e/fixtures/stack.ts";
import { answered } from "../asking.ts";
import { type Figure, type Found, figure, quantile } from "../figures.ts";
import { floor, install, type Notes, notes, reset } from "../probe.ts";
import { usualText } from "../texts.ts";

/** Two frames of a screen that shows sixty a second. */
const LIMIT_MS = 34;

/**
 * Time from a frame's arrival to painted text, at the pace of a usual model and at that of a fast one.
 *
 * @param words How many numbered words each answer has.
 */
export async function painting(page: Page, stack: Stack, words: number): Promise<Found> {
  await install(page);
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  const lowest = await floor(page, 60);
  const figures = [
    figure("a message to a painted text, the least p95", quantile(lowest, 0.95), "ms"),
  ];
  for (const [name, interval, times] of [
    ["50 tokens/s", 20, 1],
    ["200 tokens/s", 5, 3],
  ] as const) {
    await stack.behave(`text=echo&tokens=100000&interval_ms=${interval}`);
    await reset(page);
    await answered(chat, usualText(words * times));
    figures.push(...figuresOf(name, await notes(page)));
  }
  return { figures, causes: [] };
}

/** Fails by NaN where hardly a frame was seen: then the figures say nothing. */
export function figuresOf(name: string, { passages, expected }: Notes): Figure[] {
  const enough = passages.length > 0.95 * expected;
  const times = passages.map(({ arrived, painted }) => painted - arrived);
  const p95 = enough ? quantile(times, 0.95) : Number.NaN;
  const part = (from: "arrived" | "handled" | "shown", to: "handled" | "shown" | "painted") =>
    quantile(
      passages.map((one) => one[to] - one[from]),
      0.95,
    );
  return [
    figure(`${name}: arrival to painted text, p50`, quantile(times, 0.5), "ms"),
    figure(`${name}: arrival to painted text, p95`, p95, "ms", LIMIT_MS),
    figure(`${name}: arrival to painted text, p99`, quantile(times, 0.99), "ms"),
    figure(`${name}: of it until the page takes it, p95`, part("arrived", "handled"), "ms"),
    figure(`${name}: of it until it is in the DOM, p95`, part("handled", "shown"), "ms"),
    figure(`${name}: of it until it is painted, p95`, part("shown", "painted"), "ms"),
    figure(`${name}: frames measured`, passages.length, "frames"),
  ];
}
