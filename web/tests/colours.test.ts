import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Colourist } from "../src/markdown/colourist.ts";
import { type Coloured, type ColourPort, Colours, linesOf } from "../src/markdown/colours.ts";
import { highlighterFor, type Line } from "../src/markdown/highlight.ts";

const CODE = `def turn(n: int) -> str:
    """Says it
    in two lines."""
    return f"{n} 🌾"  # enough

print(turn(3))`;

const words = (lines: readonly Line[] = []) =>
  lines.map(({ start, tokens, end }) => [
    start,
    tokens.map((one) => [one.content, one.style]),
    end,
  ]);

/** Somebody who colours, as far away as a worker, and what was asked of them. */
function worker() {
  const asked: unknown[] = [];
  const port: ColourPort = {
    onmessage: null,
    postMessage: (message) => {
      asked.push(message);
      void colourist.take(structuredClone(message));
    },
  };
  const colourist = new Colourist((reply) =>
    port.onmessage?.(new MessageEvent("message", { data: structuredClone(reply) })),
  );
  return { colours: new Colours(() => port), asked };
}

/** Lets a block grow through these codes, and gives what was coloured at the end. */
async function grown(codes: readonly string[]) {
  const { colours, asked } = worker();
  const seen: Coloured[] = [];
  const last = codes.at(-1) ?? "";
  await new Promise<void>((resolve) => {
    const colouring = colours.begin("python", (coloured) => {
      seen.push(coloured);
      if (coloured.code === last) resolve();
    });
    for (const code of codes) colouring.update(code);
  });
  return { seen, asked };
}

describe("colouring code elsewhere", () => {
  it("ends with the same lines, however the code came to be", async () => {
    const whole = (await highlighterFor("python"))?.lines(CODE);
    const part = fc.nat(CODE.length).map((end) => CODE.slice(0, end));
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const { seen } = await grown([...parts, CODE]);
        expect(words(seen.at(-1)?.lines)).toEqual(words(whole));
      }),
      { numRuns: 20 },
    );
  });

  it("asks once for all that came while it waited, and keeps the lines that stand", async () => {
    const { seen, asked } = await grown(["x = 1\ny", "x = 1\ny = 2", "x = 1\ny = 2\nz = 3"]);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatchObject({ from: 7, text: " = 2\nz = 3" });
    expect(seen[1]?.lines[0]).toBe(seen[0]?.lines[0]);
  });

  it("shows of what is coloured only what the code still says", async () => {
    const { seen } = await grown(["x = 1\n``"]);
    const [coloured] = seen;
    if (!coloured) throw new Error("nothing was coloured");
    expect(linesOf(coloured, "x = 1\n``y")).toHaveLength(2);
    expect(linesOf(coloured, "x = 1")).toHaveLength(0);
    expect(linesOf(coloured, "x = 1\ny")).toEqual(coloured.lines.slice(0, 1));
  });

  it("leaves a language plain that it does not know, and says so once", async () => {
    const { colours, asked } = worker();
    const colouring = colours.begin("klingon", () => expect.unreachable());
    colouring.update("a");
    await new Promise((resolve) => setTimeout(resolve));
    await Promise.resolve();
    colouring.update("ab");
    expect(asked).toHaveLength(1);
    colouring.end();
    expect(asked.at(-1)).toMatchObject({ end: true });
  });
});
