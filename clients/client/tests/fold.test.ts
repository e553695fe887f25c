import { readFileSync } from "node:fs";
import type { events } from "@millrace/protocol";
import { describe, expect, it } from "vitest";
import { emptyFold, type FoldedMessage, foldEntries, foldEntry } from "../src/index.ts";

interface Vector {
  readonly name: string;
  readonly entries: events.Entry[];
  readonly message: FoldedMessage;
}

const VECTORS = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/fold.json", import.meta.url), "utf8"),
) as Vector[];

describe("the fold's vectors, shared with Python", () => {
  it.each(VECTORS)("$name", ({ entries, message }) => {
    expect(foldEntries(entries)).toEqual(message);
  });

  it.each(VECTORS)("$name, with every entry seen twice", ({ entries, message }) => {
    expect(foldEntries(entries.flatMap((entry) => [entry, entry]))).toEqual(message);
  });
});

it("refuses a log with a gap", () => {
  const event = { type: "text-delta", index: 0, text: "x" } as const;
  expect(() => foldEntry(emptyFold(), { seq: 1, at: 0, event })).toThrow(/gap/);
});
