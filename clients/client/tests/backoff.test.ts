import { expect, it } from "vitest";
import { backoffMs } from "../src/index.ts";

it("waits 1, 2, 4, 8, 16, then every 30 seconds", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 50].map((attempt) => backoffMs(attempt, 0));
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

it("takes up to a quarter off at random", () => {
  expect(backoffMs(1, 0.999)).toBeGreaterThanOrEqual(750);
  expect(backoffMs(6, 0.5)).toBe(26_250);
});
