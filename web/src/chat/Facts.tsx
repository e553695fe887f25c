import type { AnswerPart, ChatMessage, CompletionMetadata } from "@millrace/client";
import * as Popover from "@radix-ui/react-popover";
import { Info } from "lucide-react";
import styles from "./message.module.css";
import { modelName } from "./modelName.ts";

/** Which model answered; what it took, to whoever asks. */
export function Facts({ message }: { message: ChatMessage }) {
  const model = message.model ?? message.metadata?.model;
  if (!model) return null;
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <button
          type="button"
          className={styles["facts"]}
          aria-label={`About this answer: ${model}`}
          data-testid="facts-button"
        >
          <Info size={15} aria-hidden />
          <span className={styles["factsName"]}>{modelName(model)}</span>
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles["factsCard"]}
          side="top"
          align="start"
          sideOffset={6}
          collisionPadding={12}
          aria-label="About this answer"
          data-testid="facts"
        >
          <FactList model={model} message={message} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface FactListProps {
  readonly model: string;
  readonly message: ChatMessage;
}

/** Of its own, so that nothing is put into words before somebody asks. */
function FactList({ model, message }: FactListProps) {
  return (
    <dl>
      {factsOf(model, message.metadata ?? {}, message.difficulty).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const FINISH: Record<string, string> = {
  stop: "said all it had to say",
  length: "reached its greatest length",
  filtered: "declined by the provider",
  cancelled: "stopped",
};

/** What is known, by names; what is not is left out. */
export function factsOf(
  model: string,
  metadata: Partial<CompletionMetadata>,
  difficulty: number | null = null,
): [string, string][] {
  const { usage, cost } = metadata;
  const slash = model.indexOf("/");
  const about = usage?.estimated ? "about " : "";
  const facts: [string, string | null][] = [
    ["Provider", slash > 0 ? model.slice(0, slash) : null],
    ["Model", modelName(model)],
    ["Time", seconds(metadata.response_time_ms)],
    ["To the first token", seconds(metadata.time_to_first_token_ms)],
    ["Speed", speedOf(metadata)],
    [
      "Read",
      usage ? `${about}${count(usage.input_tokens)} tokens${cached(usage.cached_tokens)}` : null,
    ],
    ["Written", usage ? `${about}${count(usage.output_tokens)} tokens` : null],
    [
      "Of these thinking",
      usage?.reasoning_tokens ? `${count(usage.reasoning_tokens)} tokens` : null,
    ],
    ["Cost", cost === null || cost === undefined ? null : price(cost)],
    ...partsOf(metadata.parts ?? []),
    ["Topic", metadata.category_detected ?? null],
    ["Aims at", difficulty === null ? null : aimOf(difficulty)],
    ["End", FINISH[metadata.finish_reason ?? ""] ?? null],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

/** What each model took, where several had a part in the answer or were asked in vain. */
function partsOf(parts: readonly AnswerPart[]): [string, string][] {
  return parts.map((part) => {
    const tokens = part.usage.input_tokens + part.usage.output_tokens;
    const about = part.usage.estimated ? "about " : "";
    const cost = part.cost === null ? "" : `, ${price(part.cost)}`;
    return [`Part of ${part.model}`, `${about}${count(tokens)} tokens${cost}`];
  });
}

/** For whom an answer is made, which is never more than an estimate. */
function aimOf(difficulty: number): string {
  const whom = difficulty < 0.35 ? "beginners" : difficulty < 0.65 ? "some knowledge" : "experts";
  return `${whom} (estimate: ${difficulty.toFixed(2)} of 1)`;
}

/** With a comma before each three digits. `toLocaleString` would have the browser load its languages, which holds a slow phone up. */
function count(tokens: number): string {
  return String(tokens).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

function cached(tokens: number | undefined): string {
  return tokens ? `, ${count(tokens)} from a cache` : "";
}

function seconds(ms: number | null | undefined): string | null {
  if (ms === null || ms === undefined) return null;
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function price(dollars: number): string {
  if (dollars === 0) return "free";
  return dollars < 0.0001 ? "less than $0.0001" : `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`;
}

function speedOf({
  usage,
  response_time_ms: whole,
  time_to_first_token_ms: first,
}: Partial<CompletionMetadata>) {
  const writing = (whole ?? 0) - (first ?? 0);
  if (!usage?.output_tokens || writing < 50) return null;
  return `${Math.round(usage.output_tokens / (writing / 1000))} tokens/s`;
}
