import type { ChatMessage } from "@millrace/client";
import { memo } from "react";
import styles from "./composer.module.css";

/** More are only counted. */
const MOST = 3;

interface QueueProps {
  readonly questions: readonly string[];
}

/** The messages that wait for the answer before them. */
export const Queue = memo(function Queue({ questions }: QueueProps) {
  if (questions.length === 0) return null;
  return (
    <ol className={styles["queue"]} aria-label="Waiting messages" data-testid="queue">
      {questions.slice(0, MOST).map((question, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same question may wait twice
        <li key={index}>
          <b>{index === 0 ? "Next" : "Then"}</b>
          <span>{question}</span>
        </li>
      ))}
      {questions.length > MOST && <li>and {questions.length - MOST} more</li>}
    </ol>
  );
}, sameQuestions);

/** The list is made anew with each piece of an answer, and mostly the same. */
function sameQuestions(a: QueueProps, b: QueueProps): boolean {
  return (
    a.questions.length === b.questions.length &&
    a.questions.every((question, index) => question === b.questions[index])
  );
}

/** The questions whose answers wait for another one. */
export function queuedQuestions(messages: readonly ChatMessage[]): string[] {
  const waiting: string[] = [];
  // They are at the end: nothing before an answer that is not queued can wait.
  for (let index = messages.length - 1; index > 0; index -= 2) {
    const answer = messages[index];
    if (answer?.role !== "assistant" || answer.status !== "queued") break;
    waiting.unshift(messages[index - 1]?.content ?? "");
  }
  return waiting;
}
