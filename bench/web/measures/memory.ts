import type { Page } from "@playwright/test";
import { ChatPage } from "../../../e2e/fixtures/page.ts";
import type { Stack } from "../../../e2e/fixtures/stack.ts";
import { answered } from "../asking.ts";
import { Chromium } from "../chromium.ts";
import { type Found, figure } from "../figures.ts";

/** By how much the page's heap may have grown from the second answer to the last, as a factor. */
const LIMIT = 1.25;

/**
 * What a page holds after each of several long answers in one conversation.
 *
 * The first two are not counted: they bring the grammars and fill the caches.
 */
export async function memory(
  page: Page,
  stack: Stack,
  answers: number,
  tokens: number,
): Promise<Found> {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  const chromium = await Chromium.of(page);
  const heaps: number[] = [];
  const nodes: number[] = [];
  for (let n = 0; n < answers; n++) {
    await stack.behave(`text=mixed&tokens=${tokens}&seed=${n + 1}`);
    await answered(chat, `Question ${n}`);
    heaps.push(await chromium.heap());
    nodes.push(await page.evaluate(() => document.querySelectorAll("*").length));
  }
  const [first = Number.NaN, last = Number.NaN] = [heaps[1], heaps.at(-1)];
  const figures = [
    figure("heap after two answers", first, "MiB"),
    figure(`heap after ${answers} answers`, last, "MiB"),
    figure("one by the other", last / first, "times", LIMIT),
    figure("growth per answer", (last - first) / (answers - 2), "MiB"),
    figure("DOM elements after two answers", nodes[1] ?? Number.NaN, "elements"),
    figure(`DOM elements after ${answers} answers`, nodes.at(-1) ?? Number.NaN, "elements"),
  ];
  return { figures, causes: [] };
}
