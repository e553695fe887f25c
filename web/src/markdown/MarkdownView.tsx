import { memo, useRef } from "react";
import { type Block, type Document, EMPTY_DOCUMENT, finish, grow } from "./blocks.ts";
import styles from "./markdown.module.css";
import { renderBlock } from "./render.tsx";

export interface MarkdownProps {
  readonly text: string;
  /** Whether more is to come. */
  readonly streaming: boolean;
}

/** Markdown that may still be growing. Settled blocks are neither parsed nor rendered again. */
export const MarkdownView = memo(function MarkdownView({ text, streaming }: MarkdownProps) {
  // A cache of pure work: the same text always gives the same document, however often it is rendered.
  const document = useRef<Document>(EMPTY_DOCUMENT);
  document.current = streaming ? grow(document.current, text) : finish(document.current, text);
  const { settled, open } = document.current;
  return (
    <div className={styles["markdown"]}>
      {settled.map((block) => (
        <BlockView key={block.start} node={block.node} />
      ))}
      {open.map((block) => (
        <BlockView key={block.start} node={block.node} />
      ))}
    </div>
  );
});

const BlockView = memo(function BlockView({ node }: Pick<Block, "node">) {
  return renderBlock(node);
});
