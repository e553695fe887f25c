import type { Root, RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import remend from "remend";

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
  /** The last block, or nothing; it may still grow or become something else. */
  readonly open: readonly Block[];
  readonly openStart: number;
}

export const EMPTY_DOCUMENT: Document = { text: "", settled: [], open: [], openStart: 0 };

const OPEN_FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)\n/;
const HAS_DEFINITIONS = /^ {0,3}\[[^\]\n]+\]:/m;

/**
 * The document of a text that has grown.
 *
 * Only what follows the settled blocks is parsed: in Markdown a block is closed for good once the next one
 * begins, so the work per update depends on the last block's length, not on the text's.
 */
export function grow(before: Document, text: string): Document {
  const same = text.length >= before.text.length && text.startsWith(before.text);
  const from = same ? before : EMPTY_DOCUMENT;
  if (same && text.length === before.text.length) return before;
  const { openStart } = from;
  const tail = text.slice(openStart);

  const code = openFence(tail);
  if (code) {
    return { text, settled: from.settled, open: [{ start: openStart, node: code }], openStart };
  }
  const { children } = parse(tail);
  const last = children.at(-1);
  if (!last) return { text, settled: from.settled, open: [], openStart };
  // Back to the line's beginning: indentation counts when the block is parsed again.
  const lastStart = tail.lastIndexOf("\n", offsetOf(last) - 1) + 1;
  const closed = children.slice(0, -1).map((node) => ({ start: openStart + offsetOf(node), node }));
  return {
    text,
    settled: closed.length === 0 ? from.settled : [...from.settled, ...closed],
    open: [{ start: openStart + lastStart, node: mended(tail.slice(lastStart), last) }],
    openStart: openStart + lastStart,
  };
}

/** The document of a text that is whole. Links to definitions further down are resolved too. */
export function finish(before: Document, text: string): Document {
  if (!HAS_DEFINITIONS.test(text)) {
    const grown = grow(before, text);
    const tail = text.slice(grown.openStart);
    const open = parse(tail).children.map((node) => ({
      start: grown.openStart + offsetOf(node),
      node,
    }));
    return { ...grown, open };
  }
  // Definitions and footnotes belong to the whole: it becomes one block.
  return { text, settled: [{ start: 0, node: parse(text) }], open: [], openStart: text.length };
}

function parse(text: string): Root {
  return fromMarkdown(text, {
    extensions: [gfm({ singleTilde: false })],
    mdastExtensions: [gfmFromMarkdown()],
  });
}

function offsetOf(node: RootContent): number {
  return node.position?.start.offset ?? 0;
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
function mended(source: string, node: RootContent): RootContent {
  if (node.type === "code" || node.type === "html") return node;
  const completed = remend(source, { linkMode: "text-only" });
  return completed === source ? node : (parse(completed).children[0] ?? node);
}
