import { describe, expect, it } from "vitest";
import { highlighterFor, type Line } from "../src/markdown/highlight.ts";

const CODE = `def turn(n: int) -> str:
    """Says it
    in two lines."""
    return f"{n} 🌾"  # enough

print(turn(3))`;

const words = (lines: readonly Line[]) =>
  lines.map((line) => [
    line.start,
    line.length,
    line.tokens.map(({ content, style }) => [content, style]),
  ]);

describe("colouring code while it grows", () => {
  it("ends as if it had come at once, however it was cut", async () => {
    const whole = (await highlighterFor("py"))?.lines(CODE);
    const growing = await highlighterFor("python");
    for (let end = 1; end < CODE.length; end += 3) growing?.lines(CODE.slice(0, end));
    const grown = growing?.lines(CODE);
    expect(words(grown ?? [])).toEqual(words(whole ?? []));
    expect(
      grown?.map((line) => line.tokens.map((one) => one.content).join("") + line.end).join(""),
    ).toBe(CODE);
  });

  it("leaves the lines that are whole as they are", async () => {
    const highlighter = await highlighterFor("python");
    const before = highlighter?.lines("x = 1\ny = 2\nz");
    const after = highlighter?.lines("x = 1\ny = 2\nz = 3\n");
    expect(after?.[0]).toBe(before?.[0]);
    expect(after?.[1]).toBe(before?.[1]);
    expect(after?.[2]).not.toBe(before?.[2]);
  });

  it("begins anew where the text is another one, and knows which languages it does not know", async () => {
    const highlighter = await highlighterFor("js");
    highlighter?.lines("const a = 1;\n");
    expect(highlighter?.lines("let b;")).toHaveLength(1);
    expect(await highlighterFor("klingon")).toBeNull();
  });
});
