import type { ChatMessage } from "@millrace/client";
import { useConnection } from "@millrace/react";
import { useChoices } from "../state/choices.ts";
import styles from "./message.module.css";
import { useRate } from "./useRate.ts";

const WAITING = {
  sending: "Sending",
  queued: "Queued",
  thinking: "Thinking",
  streaming: "Writing",
} as const;

/** That something is being done, what, and how fast. */
export function Progress({ message }: { message: ChatMessage }) {
  const { state } = useConnection();
  const realtime = useChoices((choices) => choices.realtime);
  const { status, pieces } = message;
  const rate = useRate(pieces, status === "streaming");
  // Dots that move say that something arrives: without a connection nothing does.
  const away = state !== "connected";
  const known = status in WAITING ? WAITING[status as keyof typeof WAITING] : "Working";
  const label = away ? "Waiting for the connection" : known;
  const spoken = away || status !== "streaming" || !realtime;
  return (
    <div className={styles["progress"]}>
      <output data-testid="streaming-indicator" aria-label={label}>
        {!away && (
          <span className={styles["dots"]} aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
        )}
        {spoken && <span aria-hidden="true">{label}</span>}
      </output>
      {!away && rate !== null && (
        <small className={styles["rate"]} data-testid="token-rate">
          {rate} tokens/s
        </small>
      )}
    </div>
  );
}
