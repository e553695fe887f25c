import type { Element, Root } from "hast";
import { type Components, toJsxRuntime } from "hast-util-to-jsx-runtime";
import type { Html, Image } from "mdast";
import { type State, toHast } from "mdast-util-to-hast";
import type { ReactElement, ReactNode } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";
import type { Block } from "./blocks.ts";
import { CodeBlock } from "./CodeBlock.tsx";
import styles from "./markdown.module.css";
import { safeUrl } from "./safeUrl.ts";

const components: Partial<Components> = {
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
};

/** One block as React elements. Nothing is ever set as HTML. */
export function renderBlock(node: Block["node"]): ReactElement {
  const root = node.type === "root" ? node : { type: "root" as const, children: [node] };
  const tree = toHast(root, { handlers }) as Root;
  return toJsxRuntime(tree, { Fragment, jsx, jsxs, components, passNode: true });
}
