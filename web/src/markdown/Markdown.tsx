import { type ComponentType, lazy, Suspense } from "react";
import type { MarkdownProps } from "./MarkdownView.tsx";
import styles from "./markdown.module.css";

// Where the parser cannot be fetched (the server has a newer page by now), the text is still there to read.
const load = (): Promise<{ default: ComponentType<MarkdownProps> }> =>
  import("./MarkdownView.tsx").catch(() => ({ default: PlainText }));
const MarkdownView = lazy(load);

/** Fetches the parser ahead of the first answer. */
export function preloadMarkdown(): void {
  void load();
}

/** An answer's text. Until the parser is there it keeps its place, and is shown as it is where that takes long. */
export function Markdown(props: MarkdownProps) {
  return (
    <Suspense fallback={<Waiting text={props.text} />}>
      <MarkdownView {...props} />
    </Suspense>
  );
}

function Waiting({ text }: Pick<MarkdownProps, "text">) {
  return (
    <div className={styles["waiting"]} data-testid="markdown-waiting">
      {text}
    </div>
  );
}

function PlainText({ text }: MarkdownProps) {
  return <div className={styles["plain"]}>{text}</div>;
}
