import { painting } from "../../bench/web/measures/painting.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ bypassCSP: true });

test("the measure of the page sees each frame arrive, be shown and be painted", async ({
  page,
  stack,
}) => {
  const { figures } = await painting(page, stack, 40);
  const unknown = figures.filter(({ value }) => value === null);
  expect(unknown).toEqual([]);
  // Not before the next animation frame, and each part of the way is a part of the whole.
  const value = (name: string) => figures.find((one) => one.name.endsWith(name))?.value ?? 0;
  expect(value("painted text, p50")).toBeGreaterThan(0);
  expect(value("in the DOM, p95")).toBeLessThanOrEqual(value("painted text, p99"));
});
