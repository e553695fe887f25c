import type { ChatMessage } from "@millrace/client";
import { usePage } from "../state/page.ts";
import styles from "./sources.module.css";
import { sourcesOf } from "./sources.ts";

/** More are only counted. */
const MOST = 4;

/** What an answer rests on, in a line; a press shows it beside the conversation. */
export function SourceChips({ message }: { message: ChatMessage }) {
  const show = usePage((page) => page.showSources);
  const cited = sourcesOf(message).filter((source) => source.cited);
  if (message.citations.length === 0 || cited.length === 0) return null;
  const rest = cited.length - MOST;
  return (
    <section className={styles["chips"]} aria-label="Sources">
      {cited.slice(0, MOST).map((source) => (
        <button
          key={source.number}
          type="button"
          className={styles["chip"]}
          onClick={() => show(message.key, source.number)}
        >
          <span className={styles["number"]}>{source.number}</span>
          <span>{source.title}</span>
        </button>
      ))}
      {rest > 0 && (
        <button type="button" className={styles["chip"]} onClick={() => show(message.key)}>
          <span /> <span>{rest} more</span>
        </button>
      )}
    </section>
  );
}
