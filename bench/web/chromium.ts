import type { CDPSession, Page } from "@playwright/test";

/** What Chromium tells of a page, and lets be done to it. */
export class Chromium {
  readonly #session: CDPSession;

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  static async of(page: Page): Promise<Chromium> {
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    return new Chromium(session);
  }

  /** Slows the page's main thread down, so many times. */
  async throttle(times: number): Promise<void> {
    await this.#session.send("Emulation.setCPUThrottlingRate", { rate: times });
  }

  /** MiB that the page's JavaScript holds, once what nobody holds is gone. */
  async heap(): Promise<number> {
    // What ends by finalisers takes a second collection.
    for (let times = 0; times < 3; times++) {
      await this.#session.send("HeapProfiler.collectGarbage");
    }
    return (await this.#metric("JSHeapUsedSize")) / 2 ** 20;
  }

  /** Milliseconds that the page's main thread has worked so far. */
  async worked(): Promise<number> {
    return (await this.#metric("TaskDuration")) * 1000;
  }

  async #metric(name: string): Promise<number> {
    const { metrics } = await this.#session.send("Performance.getMetrics");
    const found = metrics.find((metric) => metric.name === name);
    if (!found) throw new Error(`Chromium knows no metric ${name}`);
    return found.value;
  }

  /** Samples what the page's JavaScript does. Returns what ends it and gives the functions with the most time of their own. */
  async profile(): Promise<() => Promise<string[]>> {
    await this.#session.send("Profiler.enable");
    await this.#session.send("Profiler.setSamplingInterval", { interval: 500 });
    await this.#session.send("Profiler.start");
    return async () => {
      const { profile } = await this.#session.send("Profiler.stop");
      const names = new Map(
        profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber, columnNumber } }) => [
          id,
          `${functionName || "(anonymous)"} ${url.split("/").at(-1)}:${lineNumber + 1}:${columnNumber + 1}`,
        ]),
      );
      const own = new Map<string, number>();
      profile.samples?.forEach((id, index) => {
        const name = names.get(id) ?? "";
        own.set(name, (own.get(name) ?? 0) + (profile.timeDeltas?.[index] ?? 0) / 1000);
      });
      return [...own]
        .sort(([, a], [, b]) => b - a)
        .slice(0, 25)
        .map(([name, ms]) => `${ms.toFixed(0)} ms ${name}`);
    };
  }
}
