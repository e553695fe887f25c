import { afterEach, expect, it, vi } from "vitest";
import { warm } from "../src/markdown/warm.ts";

afterEach(() => vi.unstubAllGlobals());

it("reads one form at a time, whenever nothing else is to be done", () => {
  const idle: (() => void)[] = [];
  vi.stubGlobal("requestIdleCallback", (run: () => void) => idle.push(run));
  warm();
  let times = 0;
  for (let run = idle.shift(); run; run = idle.shift()) {
    run();
    times++;
    expect(idle.length).toBeLessThan(2);
  }
  expect(times).toBeGreaterThan(3);
});
