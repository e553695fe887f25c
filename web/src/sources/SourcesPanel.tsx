import type { ChatMessage } from "@millrace/client";
import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { usePage } from "../state/page.ts";
import { IconButton } from "../ui/Button.tsx";
import { classes } from "../ui/classes.ts";
import { SourceText } from "./SourceText.tsx";
import styles from "./sources.module.css";
import { sourcesOf } from "./sources.ts";

/** All sources of one answer, beside the conversation; over it where there is no room. */
export function SourcesPanel({ message, number }: { message: ChatMessage; number: number | null }) {
  const close = usePage((page) => page.showSources);
  const panel = useRef<HTMLElement>(null);
  const opener = useRef<Element | null>(null);
  const sources = sourcesOf(message);

  useEffect(() => {
    opener.current = document.activeElement;
    return () => {
      // Whoever came by keyboard goes on where they were.
      if (opener.current instanceof HTMLElement && opener.current.isConnected)
        opener.current.focus();
    };
  }, []);
  useEffect(() => {
    const wanted = panel.current?.querySelector<HTMLElement>(`[data-number="${number ?? ""}"]`);
    (wanted ?? panel.current)?.focus();
    wanted?.scrollIntoView({ block: "nearest" });
  }, [number]);

  return (
    <aside
      ref={panel}
      className={styles["panel"]}
      aria-label="Sources"
      tabIndex={-1}
      data-testid="sources-panel"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close(null);
      }}
    >
      <header>
        <h2>Sources</h2>
        <IconButton label="Close the sources" onClick={() => close(null)}>
          <X size={18} aria-hidden />
        </IconButton>
      </header>
      <ol>
        {sources.map((source) => (
          <li
            key={source.number}
            data-number={source.number}
            tabIndex={-1}
            className={classes(source.number === number && styles["wanted"])}
          >
            <span className={styles["number"]} aria-hidden="true">
              {source.number}
            </span>
            <div>
              <SourceText source={source} />
              {!source.cited && <p className={styles["found"]}>Found, but not cited</p>}
            </div>
          </li>
        ))}
      </ol>
    </aside>
  );
}
