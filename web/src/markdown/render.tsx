import type { Element, ElementContent, Text as HastText, Root } from "hast";
import { type Components, toJsxRuntime } from "hast-util-to-jsx-runtime";
import type { Html, Image, Parents, Text } from "mdast";
import type { InlineMath, Math as MathBlock } from "mdast-util-math";
import { type State, toHast } from "mdast-util-to-hast";
import type { ReactElement, ReactNode } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";
import { SourceMark } from "../sources/SourceMark.tsx";
import type { Block } from "./blocks.ts";
import { CodeBlock } from "./CodeBlock.tsx";
import { Formula } from "./Formula.tsx";
import styles from "./markdown.module.css";
import { safeUrl } from "./safeUrl.ts";

/** Elements of our own, which no Markdown can name. */
const OURS = {
  "x-formula": ({ tex, display }: { tex: string; display: string }) => (
    <Formula tex={tex} display={display === "true"} />
  ),
  "x-source": ({ number }: { number: number }) => <SourceMark number={number} />,
} as unknown as Partial<Components>;

const components: Partial<Components> = {
  ...OURS,
  a: ({ href, children, node: _node, ...rest }) => {
    const url = safeUrl(href);
    if (!url) return <span>{children}</span>;
    return (
      <a {...rest} href={url} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
    );
  },
  pre: ({ node, children }) => <Pre node={node}>{children}</Pre>,
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className={styles["table"]} tabIndex={0} aria-label="Table">
      <table>{children}</table>
    </section>
  ),
};

function Pre({ node, children }: { node: Element | undefined; children: ReactNode }) {
  const code = node?.children[0];
  if (code?.type !== "element") return <pre>{children}</pre>;
  const classes = code.properties["className"];
  const name = Array.isArray(classes) ? String(classes[0] ?? "") : "";
  const text = code.children.map((child) => (child.type === "text" ? child.value : "")).join("");
  return <CodeBlock code={text.replace(/\n$/, "")} language={name.replace(/^language-/, "")} />;
}

const SOURCE_MARK = /\[(\d{1,3})\]/g;

/** A text with the numbers of sources in it made into marks. */
function withMarks({ value }: Text, parent: Parents | undefined): ElementContent[] {
  const parts: ElementContent[] = [];
  let from = 0;
  const put = (text: string) =>
    text && parts.push({ type: "text", value: text } satisfies HastText);
  // A link is one thing to press: what stands in it stays text.
  for (const match of parent?.type === "link" ? [] : value.matchAll(SOURCE_MARK)) {
    put(value.slice(from, match.index));
    const number = Number(match[1]);
    parts.push({ type: "element", tagName: "x-source", properties: { number }, children: [] });
    from = match.index + match[0].length;
  }
  put(value.slice(from));
  return parts;
}

const formula = (tex: string, display: boolean): Element => ({
  type: "element",
  tagName: "x-formula",
  properties: { tex, display: String(display) },
  children: [],
});

const handlers = {
  // HTML in an answer is shown, never run.
  html: (_state: State, node: Html) => ({ type: "text" as const, value: node.value }),
  // Loading an image would tell its server who reads what: a link leaves that to the reader.
  image: (_state: State, node: Image): Element => ({
    type: "element",
    tagName: "a",
    properties: { href: node.url },
    children: [{ type: "text", value: node.alt || node.url }],
  }),
  text: (_state: State, node: Text, parent: Parents | undefined) => withMarks(node, parent),
  math: (_state: State, node: MathBlock) => formula(node.value, true),
  // A formula that has a paragraph to itself is meant to stand by itself.
  inlineMath: (_state: State, node: InlineMath, parent: Parents | undefined) =>
    formula(node.value, parent?.type === "paragraph" && parent.children.length === 1),
};

/** One block as React elements. Nothing is ever set as HTML. */
export function renderBlock(node: Block["node"]): ReactElement {
  const root = node.type === "root" ? node : { type: "root" as const, children: [node] };
  const tree = toHast(root, { handlers }) as Root;
  return toJsxRuntime(tree, { Fragment, jsx, jsxs, components, passNode: true });
}
