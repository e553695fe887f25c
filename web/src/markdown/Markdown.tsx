import { lazy, Suspense } from "react";
import type { MarkdownProps } from "./MarkdownView.tsx";
import styles from "./markdown.module.css";

const load = () => import("./MarkdownView.tsx");
const MarkdownView = lazy(load);

/** Fetches the parser ahead of the first answer. */
export function preloadMarkdown(): void {
  void load();
}

/** An answer's text. Until the parser has been downloaded, which a first visit may notice, it is shown as it is. */
export function Markdown(props: MarkdownProps) {
  return (
    <Suspense fallback={<div className={styles["plain"]}>{props.text}</div>}>
      <MarkdownView {...props} />
    </Suspense>
  );
}
