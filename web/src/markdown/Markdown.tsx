import { Store } from "@millrace/client";
import { useReadable } from "@millrace/react";
import type { ComponentType } from "react";
import type { MarkdownProps } from "./MarkdownView.tsx";
import styles from "./markdown.module.css";

// A store and no React.lazy: Suspense would hold an answer back for a while after the parser has come.
const view = new Store<ComponentType<MarkdownProps> | null>(null);

let loading: Promise<void> | null = null;

/** Fetches the parser, once: whoever only looks in does not download it. */
export function loadMarkdown(): Promise<void> {
  loading ??= load();
  return loading;
}

async function load(): Promise<void> {
  try {
    const { MarkdownView } = await import("./MarkdownView.tsx");
    view.set(MarkdownView);
  } catch (error) {
    // The server may have a newer page by now. The text is still there to read.
    console.warn("Millrace: the Markdown parser could not be loaded", error);
    view.set(PlainText);
  }
}

/** An answer's text. Until the parser is there it keeps its place, and is shown as it is where that takes long. */
export function Markdown(props: MarkdownProps) {
  const View = useReadable(view) ?? Waiting;
  return <View {...props} />;
}

function Waiting({ text }: MarkdownProps) {
  return (
    <div className={styles["waiting"]} data-testid="markdown-waiting">
      {text}
    </div>
  );
}

function PlainText({ text }: MarkdownProps) {
  return <div className={styles["plain"]}>{text}</div>;
}
