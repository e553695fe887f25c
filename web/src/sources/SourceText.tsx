import { ExternalLink } from "lucide-react";
import { addressOf } from "./address.ts";
import styles from "./sources.module.css";
import { hostOf, type Source } from "./sources.ts";

/** What a source is called, says and where it is. */
export function SourceText({ source }: { source: Source }) {
  const address = addressOf(source.url);
  const place = hostOf(address ?? "");
  return (
    <div className={styles["text"]}>
      <strong>{source.title}</strong>
      {source.snippet && <p>{source.snippet}</p>}
      {address && (
        <a href={address} target="_blank" rel="noopener noreferrer nofollow">
          {place === globalThis.location?.host.replace(/^www\./, "")
            ? "Open the text"
            : place || "Open"}
          <ExternalLink size={13} aria-hidden />
        </a>
      )}
    </div>
  );
}
