import type { Root, RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { mathFromMarkdown } from "mdast-util-math";
import { gfm } from "micromark-extension-gfm";
import { math } from "micromark-extension-math";
import remend from "remend";
import { inOrder } from "./headings.ts";
import { joined, lineOf, type Part, partOf } from "./parts.ts";

/** A top-level piece of a document: a paragraph, a list, a code block. */
export interface Block {
  /** Where it begins in the text; stays the same while the text grows. */
  readonly start: number;
  readonly node: RootContent | Root;
}

/** What is known of a text so far. `settled` blocks will never change, however the text goes on. */
export interface Document {
  readonly text: string;
  readonly settled: readonly Block[];
  /** The last block, the last two or nothing: they may still grow or become something else. */
  readonly open: readonly Block[];
  readonly openStart: number;
  /** What of the last block stands, where it is a list or a table. */
  readonly part: Part | null;
  /** The level of the last heading among the settled blocks; 0 where there is none. */
  readonly level: number;
  /** Whether nothing more is to come. */
  readonly whole: boolean;
}

export const EMPTY_DOCUMENT: Document = {
  text: "",
  settled: [],
  open: [],
  openStart: 0,
  part: null,
  level: 0,
  whole: false,
};

const OPEN_FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)\n/;
/** A longer text is not parsed a second time to find what its references mean. */
const LONGEST_AS_ONE = 60_000;
const HAS_DEFINITIONS = /^ {0,3}\[[^\]\n]+\]:/m;

/**
 * The document of a text that has grown.
 *
 * Only what follows the settled blocks is parsed: in Markdown a block is closed for good once the next one
 * begins, so the work per update depends on the last block's length, not on the text's. Of a list only the last item is
 * parsed, of a table the last row.
 */
export function grow(before: Document, text: string): Document {
  const same = text.length >= before.text.length && text.startsWith(before.text);
  const from = same ? before : EMPTY_DOCUMENT;
  if (same && text.length === before.text.length) return before;
  const { openStart } = from;
  const tail = text.slice(openStart);

  const code = openFence(tail);
  if (code) {
    const open = [{ start: openStart, node: code }];
    return { ...from, text, open, part: null, whole: false };
  }
  const { blocks, part } = read(from, text);
  const last = blocks.at(-1);
  if (!last) return { ...from, text, open: [], part: null, whole: false };
  if (mayBeItem(blocks, text)) {
    const next = settle(from, text, blocks.slice(0, -2), blocks.slice(-2));
    return { ...next, part: next.settled === from.settled ? from.part : null };
  }
  const next = settle(from, text, blocks.slice(0, -1), [last]);
  const node = mended(text, last, part);
  inOrder([node], next.level);
  return { ...next, open: [{ start: last.start, node }], part };
}

/** The document with blocks that are closed for good, and those that may still grow. */
function settle(
  { settled, level, openStart }: Document,
  text: string,
  closed: readonly OpenBlock[],
  open: readonly OpenBlock[],
): Document {
  const nodes = closed.map(({ node }) => node);
  return {
    text,
    settled: closed.length === 0 ? settled : [...settled, ...closed],
    open,
    openStart: open[0]?.start ?? openStart,
    part: null,
    level: inOrder(nodes, level),
    whole: false,
  };
}

/** Whether the last block, a number so far, may become the next item of the list before it. */
function mayBeItem(blocks: readonly OpenBlock[], text: string): boolean {
  const [list, last] = blocks.slice(-2);
  const numbered = list?.node.type === "list" && list.node.ordered === true;
  return numbered && last !== undefined && /^ {0,3}\d{1,9}$/.test(text.slice(last.start));
}

interface OpenBlock extends Block {
  readonly node: RootContent;
}

/** The blocks behind the settled ones, and what of the last one stands. */
function read(
  { openStart, part, level }: Pick<Document, "openStart" | "part" | "level">,
  text: string,
): { blocks: OpenBlock[]; part: Part | null } {
  const source = part ? part.head + text.slice(part.from) : text.slice(openStart);
  const shift = text.length - source.length;
  const nodes = parse(source).children;
  const whole = part && joined(part, nodes[0]);
  // What stood has become something else after all.
  if (part && !whole) return read({ openStart, part: null, level }, text);
  const blocks = nodes.map((node, index) =>
    index === 0 && whole
      ? { start: openStart, node: whole }
      : { start: shift + lineOf(source, node), node },
  );
  inOrder(
    blocks.map(({ node }) => node),
    level,
  );
  const last = nodes.at(-1);
  const before = nodes.length === 1 ? part : null;
  return { blocks, part: last ? partOf(last, source, shift, before) : null };
}

/** The document of a text that is whole. Links to definitions further down are resolved too. */
export function finish(before: Document, text: string): Document {
  if (text.length > LONGEST_AS_ONE || !HAS_DEFINITIONS.test(text)) {
    const grown = grow(before, text);
    return { ...grown, open: read(grown, text).blocks, part: null, whole: true };
  }
  // Definitions and footnotes belong to the whole: it becomes one block.
  const node = parse(text);
  const level = inOrder([node], 0);
  const settled = [{ start: 0, node }];
  return { text, settled, open: [], openStart: text.length, part: null, level, whole: true };
}

function parse(text: string): Root {
  return fromMarkdown(dollars(text), {
    extensions: [gfm({ singleTilde: false }), math({ singleDollarTextMath: false })],
    mdastExtensions: [gfmFromMarkdown(), mathFromMarkdown()],
  });
}

const CODE_OR_TEX = /(`{3,}|~{3,})[\s\S]*?(?:\1|$)|`[^`\n]+`|\\\[([\s\S]+?)\\\]|\\\((.+?)\\\)/g;

/** Formulas in brackets, as many models write them, put between dollars. No position in the text changes by it. */
function dollars(text: string): string {
  if (!text.includes("\\(") && !text.includes("\\[")) return text;
  return text.replace(CODE_OR_TEX, (whole: string, _fence, display?: string, inline?: string) => {
    const formula = display ?? inline;
    return formula === undefined ? whole : ["", formula, ""].join("$$");
  });
}

/** A code block whose end has not come yet needs no parser; long ones would cost it much at every piece. */
function openFence(tail: string): RootContent | null {
  const match = OPEN_FENCE.exec(tail);
  const fence = match?.[1];
  if (!match || !fence) return null;
  const value = tail.slice(match[0].length);
  const closing = new RegExp(`^ {0,3}\\${fence[0]}{${fence.length},}[ \\t]*$`, "m");
  if (closing.test(value)) return null;
  const [lang = "", ...meta] = (match[2] ?? "").trim().split(/\s+/);
  return { type: "code", lang: lang || null, meta: meta.join(" ") || null, value };
}

/** Completes what is half finished, so that `**bo` is shown as bold and not as asterisks. */
function mended(text: string, { start, node }: OpenBlock, part: Part | null): RootContent {
  if (node.type === "code" || node.type === "html" || node.type === "math") return node;
  const source = part ? part.head + text.slice(part.from) : text.slice(start);
  const completed = remend(source, { linkMode: "text-only" });
  if (completed === source) return node;
  const [first] = parse(completed).children;
  return (part ? joined(part, first) : first) ?? node;
}
