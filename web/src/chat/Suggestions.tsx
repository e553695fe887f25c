import type { ChatMessage } from "@millrace/client";
import { CornerDownRight } from "lucide-react";
import styles from "./message.module.css";

interface SuggestionsProps {
  readonly message: ChatMessage;
  readonly onAsk: (question: string) => void;
}

/** What one may want to ask next. */
export function Suggestions({ message, onAsk }: SuggestionsProps) {
  const questions = message.metadata?.suggested_questions ?? [];
  if (questions.length === 0) return null;
  return (
    <ul className={styles["suggestions"]} aria-label="Suggested questions">
      {questions.map((question) => (
        <li key={question}>
          <button type="button" data-testid="suggestion" onClick={() => onAsk(question)}>
            <CornerDownRight size={15} aria-hidden />
            {question}
          </button>
        </li>
      ))}
    </ul>
  );
}
