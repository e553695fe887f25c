import type { Element, ElementContent, Text as HastText, Root } from "hast";
import { type Components, toJsxRuntime } from "hast-util-to-jsx-runtime";
import type { Heading, Html, Image, List, ListItem, Parents, Table, TableRow, Text } from "mdast";
import type { InlineMath, Math as MathBlock } from "mdast-util-math";
import { type State, toHast } from "mdast-util-to-hast";
import { memo, type ReactElement, type ReactNode } from "react";
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
  table: ({ children }) => <Scrolled>{children}</Scrolled>,
};

function Scrolled({ children }: { children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className={styles["table"]} tabIndex={0} aria-label="Table">
      <table>{children}</table>
    </section>
  );
}

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
  // The page's own heading is above those of an answer.
  heading: (state: State, node: Heading): Element => ({
    type: "element",
    tagName: `h${Math.min(node.depth + 1, 6)}`,
    properties: {},
    children: state.all(node),
  }),
  text: (_state: State, node: Text, parent: Parents | undefined) => withMarks(node, parent),
  math: (_state: State, node: MathBlock) => formula(node.value, true),
  // A formula that has a paragraph to itself is meant to stand by itself.
  inlineMath: (_state: State, node: InlineMath, parent: Parents | undefined) =>
    formula(node.value, parent?.type === "paragraph" && parent.children.length === 1),
};

/** One block as React elements. Nothing is ever set as HTML. */
export function renderBlock(node: Block["node"]): ReactElement {
  if (node.type === "list") return <ListView list={node} />;
  if (node.type === "table") return <TableView table={node} />;
  return elements(hastOf(node));
}

function hastOf(node: Block["node"]): Root {
  const root = node.type === "root" ? node : { type: "root" as const, children: [node] };
  return toHast(root, { handlers }) as Root;
}

function elements(tree: Root | Element): ReactElement {
  return toJsxRuntime(tree, { Fragment, jsx, jsxs, components, passNode: true });
}

/** The first element of that name within a tree. */
function within(tree: Root | Element, name: string): Element | null {
  for (const child of tree.children) {
    if (child.type !== "element") continue;
    const found = child.tagName === name ? child : within(child, name);
    if (found) return found;
  }
  return null;
}

/** A list, of which only the items are rendered that are new. */
function ListView({ list }: { list: List }) {
  const { ordered, start, children } = list;
  const loose = Boolean(list.spread) || children.some((item) => item.spread);
  const tasks = children.some((item) => typeof item.checked === "boolean");
  const name = tasks ? "contains-task-list" : undefined;
  // Items are only ever added or replaced at the end.
  const items = children.map((item, index) => {
    const key = index;
    return <ItemView key={key} item={item} loose={loose} />;
  });
  if (!ordered) return <ul className={name}>{items}</ul>;
  return (
    <ol className={name} start={start == null || start === 1 ? undefined : start}>
      {items}
    </ol>
  );
}

const ItemView = memo(function ItemView({ item, loose }: { item: ListItem; loose: boolean }) {
  const found = within(hastOf({ type: "list", spread: loose, children: [item] }), "li");
  return found && elements(found);
});

/** A table, of which only the rows are rendered that are new. */
function TableView({ table }: { table: Table }) {
  const align = table.align ?? NO_ALIGN;
  const [head, ...rows] = table.children.map((row, index) => {
    const key = index;
    return <RowView key={key} row={row} align={align} head={index === 0} />;
  });
  return (
    <Scrolled>
      <thead>{head}</thead>
      {rows.length > 0 && <tbody>{rows}</tbody>}
    </Scrolled>
  );
}

type Align = NonNullable<Table["align"]>;
const NO_ALIGN: Align = [];
const NO_ROW: TableRow = { type: "tableRow", children: [] };

interface RowProps {
  readonly row: TableRow;
  readonly align: Align;
  readonly head: boolean;
}

const RowView = memo(function RowView({ row, align, head }: RowProps) {
  const children = head ? [row] : [NO_ROW, row];
  const table = hastOf({ type: "table", align: align.length > 0 ? align : null, children });
  const part = within(table, head ? "thead" : "tbody");
  const found = part && within(part, "tr");
  return found && elements(found);
});
