import type { ChatMessage } from "@millrace/client";
import { Brain, ChevronRight } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { MarkdownView } from "../markdown/MarkdownView.tsx";
import { useChoices } from "../state/choices.ts";
import { classes } from "../ui/classes.ts";
import styles from "./message.module.css";

const STEP_NAMES = {
  decomposition: "Taking it apart",
  exploration: "Exploring",
  evaluation: "Weighing",
  synthesis: "Putting it together",
} as const;

/** How the model got there: open while it thinks, folded away once it answers, unless the reader says otherwise. */
export function Thinking({ message }: { message: ChatMessage }) {
  const { steps, reasoning, reasoningMs, status } = message;
  const shown = useChoices((choices) => choices.showThinking);
  const [choice, setChoice] = useState<boolean | null>(null);
  const running = status === "thinking";
  const seconds = useSeconds(running);
  if (!shown || (steps.length === 0 && !reasoning)) return null;
  const open = choice ?? running;
  const rest = unsaid(reasoning ?? "", steps, running);
  return (
    <details
      className={classes(styles["thinking"], running && styles["running"])}
      data-testid="thinking"
      open={open}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a summary is a button by itself */}
      <summary
        onClick={(event) => {
          event.preventDefault();
          setChoice(!open);
        }}
      >
        <Brain size={15} aria-hidden />
        <span>{running ? thinkingFor(seconds, steps.length) : thoughtFor(reasoningMs)}</span>
        <ChevronRight size={15} aria-hidden className={styles["turn"]} />
      </summary>
      {open && (
        <div className={styles["thinkingBody"]}>
          {steps.length > 0 && (
            <ol>
              {steps.map((step) => (
                <li key={step.step_number}>
                  <strong>
                    {STEP_NAMES[step.type]}
                    {step.confidence !== null && (
                      <small>{Math.round(step.confidence * 100)} % sure</small>
                    )}
                  </strong>
                  <MarkdownView text={step.content} streaming={false} />
                </li>
              ))}
            </ol>
          )}
          {rest && <MarkdownView text={rest} streaming={running} />}
        </div>
      )}
    </details>
  );
}

/** What was thought after the last step: it will be the next one. All of it where there are no steps. */
function unsaid(thoughts: string, steps: ChatMessage["steps"], running: boolean): string {
  const last = steps.at(-1);
  if (!last) return thoughts;
  if (!running) return "";
  const end = thoughts.lastIndexOf(last.content);
  return end < 0 ? "" : thoughts.slice(end + last.content.length).trimStart();
}

function thinkingFor(seconds: number, steps: number): string {
  if (steps === 0) return `Thinking for ${seconds} s`;
  return `Thinking for ${seconds} s · ${steps === 1 ? "1 step" : `${steps} steps`}`;
}

function thoughtFor(ms: number | null): string {
  if (ms === null) return "How it got there";
  if (ms < 1000) return "Thought for a moment";
  const seconds = Math.round(ms / 1000);
  return seconds < 60
    ? `Thought for ${seconds} s`
    : `Thought for ${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Whole seconds since `active` began. */
function useSeconds(active: boolean): number {
  const [seconds, setSeconds] = useState(0);
  const began = useRef(0);
  useEffect(() => {
    if (!active) return;
    began.current = Date.now();
    setSeconds(0);
    const timer = setInterval(
      () => setSeconds(Math.floor((Date.now() - began.current) / 1000)),
      1000,
    );
    return () => clearInterval(timer);
  }, [active]);
  return seconds;
}
