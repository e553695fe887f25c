import type { ModelList } from "@millrace/client";
import { ArrowUpRight } from "lucide-react";
import { Logo } from "../ui/Logo.tsx";
import styles from "./empty.module.css";

interface EmptyStateProps {
  /** The models that can answer; null until they are known. */
  readonly models: ModelList | null;
  readonly onAsk: (question: string) => void;
}

const ABOUT_MILLRACE = [
  "What is Millrace, and what can it do?",
  "How do I connect a language model?",
  "What happens to my answer when the connection drops?",
];

const FOR_A_MODEL = [
  "Explain how tides work, with a small table",
  "Write a Python function that finds duplicate files",
  "Help me plan a three-day walking trip",
];

export function EmptyState({ models, onAsk }: EmptyStateProps) {
  const embedded = models?.default.startsWith("embedded/") ?? false;
  return (
    <div className={styles["empty"]}>
      <Logo size={44} />
      <h1>What would you like to know?</h1>
      <p className={styles["lead"]}>
        Answers appear as they are written. Reload, lose the connection or switch devices: they go
        on, and you miss nothing.
      </p>
      <ul className={styles["questions"]} aria-label="Questions to begin with">
        {(embedded ? ABOUT_MILLRACE : FOR_A_MODEL).map((question) => (
          <li key={question}>
            <button type="button" onClick={() => onAsk(question)}>
              {question}
              <ArrowUpRight size={16} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
      {embedded && <ConnectModel />}
    </div>
  );
}

function ConnectModel() {
  return (
    <section className={styles["connect"]} aria-labelledby="connect-model">
      <h2 id="connect-model">No language model is connected yet</h2>
      <p>
        For now answers are put together from Millrace’s own documentation. To connect a model, do
        one of these and start the server again:
      </p>
      <dl>
        <div>
          <dt>A model on this machine</dt>
          <dd>Start Ollama, LM Studio, llama.cpp or vLLM. It is found by itself.</dd>
        </div>
        <div>
          <dt>A hosted model</dt>
          <dd>
            Set <code>OPENAI_API_KEY</code>, and <code>OPENAI_BASE_URL</code> for any other
            compatible service.
          </dd>
        </div>
      </dl>
      <p>
        <code>millrace doctor</code> says what is configured and what answers.
      </p>
    </section>
  );
}
