import type { EmotionState } from "@millrace/client";
import { HeartPulse } from "lucide-react";
import styles from "./message.module.css";

const READINESS = {
  optimal: "very ready to learn",
  good: "ready to learn",
  moderate: "somewhat ready to learn",
  low: "hardly ready to learn",
} as const;

const LOAD = {
  optimal: "",
  high: ", much to take in",
  overloaded: ", too much to take in",
} as const;

/** What a message seems to show of who wrote it. Quiet, and never said as if it were known. */
export function EmotionChip({ state }: { state: EmotionState }) {
  const emotion = state.primary_emotion.replaceAll("_", " ");
  const detail = `${READINESS[state.learning_readiness]}${LOAD[state.cognitive_load]}`;
  return (
    <span
      className={styles["emotion"]}
      data-testid="emotion-chip"
      title="An estimate from the words of this message. Switch it off in the settings."
    >
      <HeartPulse size={13} aria-hidden />
      Estimate: {emotion}, {detail}
    </span>
  );
}
