import type { Citation } from "@millrace/client";
import { safeUrl } from "../markdown/safeUrl.ts";
import styles from "./message.module.css";

/** What the answer rests on, numbered as the text cites it. */
export function Sources({ citations }: { citations: readonly Citation[] }) {
  if (citations.length === 0) return null;
  return (
    <section className={styles["sources"]} aria-label="Sources">
      <h3>Sources</h3>
      <ol>
        {citations.map((citation, index) => (
          <li key={`${citation.number ?? index}:${citation.url}:${citation.title}`}>
            <span className={styles["sourceNumber"]} aria-hidden="true">
              {citation.number ?? index + 1}
            </span>
            <Source citation={citation} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Source({ citation }: { citation: Citation }) {
  const url = safeUrl(citation.url);
  const title = citation.title || citation.url;
  return (
    <details>
      <summary>{title}</summary>
      {citation.snippet && <p>{citation.snippet}</p>}
      {url && (
        <a href={url} target="_blank" rel="noopener noreferrer nofollow">
          {url}
        </a>
      )}
    </details>
  );
}
