import type { Page } from "@playwright/test";
import { ChatPage } from "../../../e2e/fixtures/page.ts";
import type { Stack } from "../../../e2e/fixtures/stack.ts";
import { answered } from "../asking.ts";
import { Chromium } from "../chromium.ts";
import { type Found, figure } from "../figures.ts";

/** By how much the page's heap may have grown over the answers that count, as a factor. */
const LIMIT = 1.25;

/**
 * What a page holds after each of several long answers in one conversation.
 *
 * @param filling So many are not counted: they fill the caches, and what the page keeps of the newest messages.
 */
export async function memory(
  page: Page,
  stack: Stack,
  filling: number,
  counted: number,
  tokens: number,
): Promise<Found> {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  const chromium = await Chromium.of(page);
  const heaps: number[] = [];
  const nodes: number[] = [];
  for (let n = 0; n < filling + counted; n++) {
    await stack.behave(`text=mixed&tokens=${tokens}&seed=${n + 1}`);
    await answered(chat, `Question ${n}`);
    heaps.push(await chromium.heap());
    nodes.push(await page.evaluate(() => document.querySelectorAll("*").length));
  }
  const [first = Number.NaN, last = Number.NaN] = [heaps[filling - 1], heaps.at(-1)];
  const figures = [
    figure(`heap after ${filling} answers`, first, "MiB"),
    figure(`heap after ${counted} more`, last, "MiB"),
    figure("one by the other", last / first, "times", LIMIT),
    figure("growth per answer", (last - first) / counted, "MiB"),
    figure(`DOM elements after ${filling} answers`, nodes[filling - 1] ?? Number.NaN, "elements"),
    figure(`DOM elements after ${counted} more`, nodes.at(-1) ?? Number.NaN, "elements"),
  ];
  return { figures, causes: [] };
}
