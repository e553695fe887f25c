import type { ChatMessage } from "@millrace/client";
import { ChevronRight } from "lucide-react";
import { Markdown } from "../markdown/Markdown.tsx";
import styles from "./message.module.css";

const STEP_NAMES = {
  decomposition: "Taking it apart",
  exploration: "Exploring",
  evaluation: "Weighing",
  synthesis: "Putting it together",
} as const;

/** How the model got there, folded away until somebody asks. */
export function Reasoning({ message }: { message: ChatMessage }) {
  const { steps, reasoning, reasoningMs, status } = message;
  if (steps.length === 0 && !reasoning) return null;
  const running = status === "thinking";
  const label = running ? "Thinking" : thoughtFor(reasoningMs);
  return (
    <details className={styles["reasoning"]}>
      <summary>
        <ChevronRight size={16} aria-hidden />
        {label}
        {running && steps.length > 0 && ` · step ${steps.length}`}
      </summary>
      <div className={styles["reasoningBody"]}>
        {steps.length > 0 ? (
          <ol>
            {steps.map((step) => (
              <li key={step.step_number}>
                <strong>
                  {STEP_NAMES[step.type]}
                  {step.confidence !== null && ` · ${Math.round(step.confidence * 100)} % sure`}
                </strong>
                <Markdown text={step.content} streaming={false} />
              </li>
            ))}
          </ol>
        ) : (
          <Markdown text={reasoning ?? ""} streaming={running} />
        )}
      </div>
    </details>
  );
}

function thoughtFor(ms: number | null): string {
  if (ms === null) return "Reasoning";
  return ms < 1000 ? "Thought for a moment" : `Thought for ${Math.round(ms / 1000)} s`;
}
