import type { ChatMessage } from "@millrace/client";
import { useChatClient, useConnection, useReadable } from "@millrace/react";
import { useChoices } from "../state/choices.ts";
import styles from "./message.module.css";
import { useRate } from "./useRate.ts";

const WAITING = {
  waiting: "Waiting for the connection",
  sending: "Sending",
  queued: "Queued",
  thinking: "Thinking",
  streaming: "Writing",
} as const;

interface ProgressProps {
  readonly message: ChatMessage;
  readonly conversationKey: string;
}

/** That something is being done, what, and how fast. */
export function Progress({ message, conversationKey }: ProgressProps) {
  const client = useChatClient();
  const { paused } = useReadable(client.conversation(conversationKey).state);
  const { state, transport } = useConnection();
  const realtime = useChoices((choices) => choices.realtime) && transport !== "batch";
  const { status, pieces } = message;
  const rate = useRate(pieces, status === "streaming");
  const held = paused && status !== "queued";
  const away = state !== "connected";
  const label = labelOf(message, { away, held, realtime });
  // Dots that move say that something arrives: without a connection nothing does.
  const still = away || held;
  const told = status === "thinking" && (message.steps.length > 0 || Boolean(message.reasoning));
  const spoken = still || !realtime || (status !== "streaming" && !told);
  return (
    <div className={styles["progress"]}>
      <output data-testid="streaming-indicator" aria-label={label}>
        {!still && (
          <span className={styles["dots"]} aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
        )}
        {spoken && <span aria-hidden="true">{label}</span>}
      </output>
      {!still && rate !== null && (
        <small className={styles["rate"]} data-testid="token-rate">
          {rate} tokens/s
        </small>
      )}
    </div>
  );
}

interface Circumstances {
  readonly away: boolean;
  readonly held: boolean;
  readonly realtime: boolean;
}

function labelOf({ status }: ChatMessage, { away, held, realtime }: Circumstances): string {
  if (away) return "Waiting for the connection";
  if (held) return "Paused";
  if (!realtime && status !== "queued") return "Writing the whole answer";
  return status in WAITING ? WAITING[status as keyof typeof WAITING] : "Working";
}
