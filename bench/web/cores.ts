import { readFile } from "node:fs/promises";
import type { Browser } from "@playwright/test";

/** How long the browser's pages have run on a core and have waited for one so far, in nanoseconds. */
interface Share {
  readonly ran: number;
  readonly waited: number;
}

/** What the kernel tells of the main threads of all pages; nothing where it is no Linux. */
async function share(browser: Browser): Promise<ReadonlyMap<number, Share>> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const found = new Map<number, Share>();
  for (const { id, type } of processInfo) {
    if (type !== "renderer") continue;
    const text = await readFile(`/proc/${id}/task/${id}/schedstat`, "utf8").catch(() => null);
    if (text === null) continue;
    const [ran = 0, waited = 0] = text.split(" ").map(Number);
    found.set(id, { ran, waited });
  }
  return found;
}

/**
 * Watches how much of the time in which the pages could have run something else had the core.
 *
 * @returns What gives that share so far, 0 to 1. Above 0.05 times from this machine say little.
 */
export async function taken(browser: Browser): Promise<() => Promise<number>> {
  const before = await share(browser);
  return async () => {
    let [ran, waited] = [0, 0];
    for (const [id, now] of await share(browser)) {
      ran += now.ran - (before.get(id)?.ran ?? 0);
      waited += now.waited - (before.get(id)?.waited ?? 0);
    }
    return waited / (ran + waited);
  };
}
