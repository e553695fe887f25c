import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_DOCUMENT, finish, grow } from "../src/markdown/blocks.ts";

const SAMPLE = `# The mill race

A *race* carries water to the **wheel**; see [the map](https://example.org/a_b).

- one
- two with \`code\`
  - nested

    a paragraph of it
1. first
2. second

> A quotation
goes on lazily

| part | turns |
|------|------:|
| wheel | 12 |

\`\`\`python
def turn(n: int) -> str:
    return "🌾" * n

\`\`\`

   - indented list
   - second

Setext
------

Last line with <b>HTML</b> and ~~nothing~~ - [ ] box.

- [x] done
- [ ] open

***

~~~
tilde fence
~~~
`;

/** Positions differ where a part is parsed by itself; what is said must not. */
function shape(nodes: readonly unknown[]): unknown {
  return JSON.parse(
    JSON.stringify(nodes, (key, value) => (key === "position" ? undefined : value)),
  );
}

function nodesOf(document: ReturnType<typeof finish>) {
  return [...document.settled, ...document.open].map((block) => block.node);
}

const WHOLE = shape(nodesOf(finish(EMPTY_DOCUMENT, SAMPLE)));

describe("a text that grows", () => {
  it("ends as if it had been parsed at once, wherever it was cut", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(SAMPLE.length), { maxLength: 60 }), (cuts) => {
        let document = EMPTY_DOCUMENT;
        for (const cut of cuts.sort((a, b) => a - b))
          document = grow(document, SAMPLE.slice(0, cut));
        expect(shape(nodesOf(finish(document, SAMPLE)))).toEqual(WHOLE);
      }),
      { numRuns: 40 },
    );
  });

  it("ends the same where lists and tables grow item by item", () => {
    const piece = fc.constantFrom(
      "- one\n",
      "- **two** `x`\n",
      "* star\n",
      "1. first\n",
      "12. twelfth\n",
      "2) other\n",
      "  - nested\n",
      "  deep\n",
      "- [x] done\n",
      "-\n",
      "---\n",
      "\n",
      "lazy\n",
      "| a | b |\n|---|--:|\n",
      "| 1 | *2* |\n",
      "```\n",
      "> quote\n",
      "#### deep\n",
      "# top\n",
      "- ### in an item\n",
    );
    const pieces = fc.array(piece, { minLength: 3, maxLength: 14 });
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 7 }), (found, step) => {
        const text = found.join("");
        let document = EMPTY_DOCUMENT;
        for (let end = step; end < text.length; end += step)
          document = grow(document, text.slice(0, end));
        const whole = finish(EMPTY_DOCUMENT, text);
        expect(shape(nodesOf(finish(document, text)))).toEqual(shape(nodesOf(whole)));
      }),
      { numRuns: 60 },
    );
  });

  it("ends the same from one character at a time, and never changes a settled block", () => {
    let document = EMPTY_DOCUMENT;
    for (let end = 1; end <= SAMPLE.length; end++) {
      const next = grow(document, SAMPLE.slice(0, end));
      expect(next.settled.slice(0, document.settled.length)).toEqual(document.settled);
      document = next;
    }
    expect(shape(nodesOf(finish(document, SAMPLE)))).toEqual(WHOLE);
  });

  it("keeps settled blocks as the same objects, so that they are not rendered again", () => {
    const before = grow(EMPTY_DOCUMENT, "One.\n\nTwo.\n\nThr");
    const after = grow(before, "One.\n\nTwo.\n\nThree");
    expect(after.settled[0]?.node).toBe(before.settled[0]?.node);
    expect(after.settled).toHaveLength(2);
  });

  it("starts over where the text is another one", () => {
    const before = grow(EMPTY_DOCUMENT, "One.\n\nTwo.");
    expect(shape(nodesOf(grow(before, "Other.")))).toEqual(
      shape(nodesOf(grow(EMPTY_DOCUMENT, "Other."))),
    );
  });

  it("shows an open code block as code before its end has come", () => {
    const { open } = grow(EMPTY_DOCUMENT, "```js title\nlet a = 1;\nlet b");
    expect(open[0]?.node).toMatchObject({ type: "code", lang: "js", value: "let a = 1;\nlet b" });
  });

  it("resolves links to definitions once the text is whole", () => {
    const text = "See [it][1].\n\n[1]: https://example.org\n";
    expect(JSON.stringify(finish(grow(EMPTY_DOCUMENT, text), text).settled)).toContain(
      "linkReference",
    );
  });

  it("leaves out no level of headings, whoever begins with the third", () => {
    const text = "### One\n\n#### Two\n\n###### Three\n\n> # Four\n\n- ### Five\n\n# Six\n\nEnd";
    const depths = (document: ReturnType<typeof finish>) =>
      JSON.stringify(nodesOf(document))
        .match(/"type":"heading","depth":\d/g)
        ?.map((found) => Number(found.at(-1)));
    let document = EMPTY_DOCUMENT;
    for (let end = 1; end <= text.length; end++) document = grow(document, text.slice(0, end));
    expect(depths(document)).toEqual([1, 2, 3, 1, 2, 1]);
    expect(depths(finish(EMPTY_DOCUMENT, `${text}\n\n[1]: /\n`))).toEqual([1, 2, 3, 1, 2, 1]);
  });
});
