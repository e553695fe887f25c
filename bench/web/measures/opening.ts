import { gzipSync } from "node:zlib";
import type { Browser, Response } from "@playwright/test";
import { ChatPage } from "../../../e2e/fixtures/page.ts";
import type { Stack } from "../../../e2e/fixtures/stack.ts";
import { type Found, figure, quantile } from "../figures.ts";

const PAINT_MS = 1000;
const DOWNLOAD_KIB = 180;

/** First paint from loopback and what it takes to download, each time with nothing in the cache. */
export async function opening(browser: Browser, stack: Stack, times: number): Promise<Found> {
  const paints: number[] = [];
  const usable: number[] = [];
  let sizes: readonly (readonly [string, number])[] = [];
  for (let n = 0; n < times; n++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    try {
      const page = await context.newPage();
      const responses: Response[] = [];
      page.on("response", (response) => responses.push(response));
      const began = Date.now();
      await new ChatPage(page).open(stack.url);
      usable.push(Date.now() - began);
      const paint = await page.evaluate(
        () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
      );
      paints.push(paint);
      if (n === 0) {
        await page.waitForLoadState("networkidle");
        sizes = await Promise.all(responses.map(sizeOf));
      }
    } finally {
      await context.close();
    }
  }
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  const figures = [
    figure("first paint, median", quantile(paints, 0.5), "ms", PAINT_MS),
    figure("connected, median", quantile(usable, 0.5), "ms"),
    figure("initial download, gzipped", total, "KiB", DOWNLOAD_KIB),
    ...[...sizes]
      .sort(([, a], [, b]) => b - a)
      .slice(0, 5)
      .map(([name, size]) => figure(`of it ${name}`, size, "KiB")),
  ];
  return { figures, causes: [] };
}

/** A response's name and its KiB as a server in front that compresses would send it. */
async function sizeOf(response: Response): Promise<readonly [string, number]> {
  const name = new URL(response.url()).pathname.split("/").at(-1) || "the page";
  const body = await response.body().catch(() => Buffer.alloc(0));
  const packed = /\.woff2$/.test(name) ? body : gzipSync(body);
  return [name, packed.length / 1024];
}
