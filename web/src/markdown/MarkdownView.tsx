import { Fragment, memo, type ReactNode, useEffect, useReducer, useRef } from "react";
import { type Block, type Document, EMPTY_DOCUMENT, finish, grow } from "./blocks.ts";
import styles from "./markdown.module.css";
import { renderBlock } from "./render.tsx";

/** Something that stands in the text at a position, without being of it. */
export interface Inset {
  /** In UTF-16 units from the text's beginning. */
  readonly at: number;
  readonly node: ReactNode;
}

export interface MarkdownProps {
  readonly text: string;
  /** Whether more is to come. */
  readonly streaming: boolean;
  /** In order; each stands behind the block that it falls into. */
  readonly insets?: readonly Inset[];
}

/** Markdown that may still be growing. Settled blocks are neither parsed nor rendered again. */
export const MarkdownView = memo(function MarkdownView(props: MarkdownProps) {
  const { text, streaming, insets = NONE } = props;
  const { settled, open } = useDocument(text, streaming);
  return <div className={styles["markdown"]}>{chunked([...settled, ...open], insets)}</div>;
});

const NONE: readonly Inset[] = [];
/** So many blocks are compared, laid out and skipped together. */
const CHUNK = 24;

function chunked(blocks: readonly Block[], insets: readonly Inset[]): ReactNode[] {
  const chunks: ReactNode[] = [];
  for (let from = 0; from < blocks.length; from += CHUNK) {
    const chunk = blocks.slice(from, from + CHUNK);
    const begin = chunk[0]?.start ?? 0;
    const end = blocks[from + CHUNK]?.start ?? Number.POSITIVE_INFINITY;
    const within = insets.some(({ at }) => at >= begin && at < end) ? insets : NONE;
    // What is far out of sight costs no layout, once it is whole and the text is long.
    const whole = from + CHUNK < blocks.length;
    chunks.push(<Chunk key={from} blocks={chunk} end={end} insets={within} whole={whole} />);
  }
  return chunks;
}

interface ChunkProps {
  readonly blocks: readonly Block[];
  /** Where the next chunk begins. */
  readonly end: number;
  readonly insets: readonly Inset[];
  readonly whole: boolean;
}

const Chunk = memo(function Chunk({ blocks, end, insets, whole }: ChunkProps) {
  return (
    <div className={styles["chunk"]} data-whole={whole || undefined}>
      {blocks.map((block, index) => {
        const next = blocks[index + 1]?.start ?? end;
        return (
          <Fragment key={block.start}>
            <BlockView node={block.node} />
            {insets.map(({ at, node }) =>
              at >= block.start && at < next ? <Fragment key={at}>{node}</Fragment> : null,
            )}
          </Fragment>
        );
      })}
    </div>
  );
}, sameChunk);

/** Blocks are only ever added or replaced at the end, so the last one tells. */
function sameChunk(a: ChunkProps, b: ChunkProps): boolean {
  return (
    a.blocks.length === b.blocks.length &&
    a.blocks.at(-1)?.node === b.blocks.at(-1)?.node &&
    a.blocks[0]?.node === b.blocks[0]?.node &&
    a.end === b.end &&
    a.insets === b.insets &&
    a.whole === b.whole
  );
}

const BlockView = memo(function BlockView({ node }: Pick<Block, "node">) {
  return renderBlock(node);
});

/** More than this of a stored text is parsed over several frames, so that opening it holds nothing up. */
const AT_ONCE = 8_000;

function useDocument(text: string, streaming: boolean): Document {
  // A cache of pure work: the same text always gives the same document, however often it is rendered.
  const document = useRef<Document>(EMPTY_DOCUMENT);
  const [, goOn] = useReducer((count: number) => count + 1, 0);
  let before = document.current;
  if (before === EMPTY_DOCUMENT) before = finished.get(text) ?? before;
  const partly =
    !streaming && text.length - before.text.length > AT_ONCE && text.startsWith(before.text);
  if (partly) document.current = grow(before, text.slice(0, before.text.length + AT_ONCE));
  else if (streaming) document.current = grow(before, text);
  else if (before.text !== text || !before.whole) document.current = finish(before, text);
  else document.current = before;
  const current = document.current;
  useEffect(() => {
    if (!partly) {
      if (current.whole) remember(current);
      return;
    }
    const frame = requestAnimationFrame(goOn);
    return () => cancelAnimationFrame(frame);
  });
  return current;
}

/** Documents that were parsed to their end: a message that is scrolled back into view is not parsed again. */
const finished = new Map<string, Document>();
/** Of texts with so many characters in all: what was parsed takes many times the memory of its text. */
const MOST_CHARS = 100_000;
/** However long they are, so many are remembered. */
const LEAST_FINISHED = 4;
let chars = 0;

function remember(document: Document): void {
  forget(document.text);
  finished.set(document.text, document);
  chars += document.text.length;
  for (const [text] of finished) {
    if (chars <= MOST_CHARS || finished.size <= LEAST_FINISHED) break;
    forget(text);
  }
}

function forget(text: string): void {
  if (finished.delete(text)) chars -= text.length;
}
