import { type ChatMessage, isPending } from "@millrace/client";
import { useChatClient } from "@millrace/react";
import { useCallback, useMemo } from "react";
import { type Inset, MarkdownView } from "../markdown/MarkdownView.tsx";
import { SourceChips } from "../sources/SourceChips.tsx";
import { SourcesContext, sourcesOf } from "../sources/sources.ts";
import { useChoices } from "../state/choices.ts";
import { usePage } from "../state/page.ts";
import { classes } from "../ui/classes.ts";
import { AnswerActions } from "./AnswerActions.tsx";
import { askOptions } from "./askOptions.ts";
import { ErrorNote } from "./ErrorNote.tsx";
import type { MessageRowProps } from "./MessageRow.tsx";
import styles from "./message.module.css";
import { Progress } from "./Progress.tsx";
import { SeamMark } from "./SeamMark.tsx";
import { Suggestions } from "./Suggestions.tsx";
import { Thinking } from "./Thinking.tsx";

export function Answer(props: MessageRowProps) {
  const { message, conversationKey, busy, last, marked, onAsk, onBranch } = props;
  const client = useChatClient();
  const realtime = useChoices((choices) => choices.realtime);
  const pending = isPending(message);
  const { id, requestId, turnId } = message;
  const regenerate = id
    ? () => client.regenerate(conversationKey, id, askOptions(useChoices.getState()))
    : null;
  const resend = requestId ? () => client.resend(conversationKey, requestId) : null;
  // A turn that began is answered again in its place; a request that was refused is sent anew.
  const retry = turnId ? regenerate : resend;
  const held = pending && !realtime;
  return (
    <article
      className={classes(styles["assistant"], marked && styles["marked"])}
      data-testid="ai-message"
      data-status={message.status}
      aria-label="Answer"
      aria-busy={pending}
    >
      <Thinking message={message} />
      {message.content && !held && <AnswerText message={message} streaming={pending} />}
      {pending && <Progress message={message} conversationKey={conversationKey} />}
      {message.error && (
        <ErrorNote failure={message.error} onRetry={message.error.recoverable ? retry : null} />
      )}
      {message.status === "cancelled" && (
        <p className={styles["note"]}>Stopped. What was written is kept.</p>
      )}
      {!pending && <SourceChips message={message} />}
      {!pending && regenerate && !(message.error && !message.content) && (
        <AnswerActions
          message={message}
          conversationKey={conversationKey}
          canRegenerate={!busy}
          onRegenerate={regenerate}
          onBranch={() => onBranch(id ?? "")}
        />
      )}
      {last && !pending && <Suggestions message={message} onAsk={onAsk} />}
    </article>
  );
}

function AnswerText({ message, streaming }: { message: ChatMessage; streaming: boolean }) {
  const { key, content, citations, passages, seams } = message;
  const showSources = usePage((page) => page.showSources);
  const open = useCallback((number: number | null) => showSources(key, number), [key, showSources]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the sources follow from these two alone
  const sources = useMemo(() => sourcesOf(message), [citations, passages]);
  const context = useMemo(() => ({ sources, open }), [sources, open]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is before a seam does not change any more
  const insets = useMemo(
    (): Inset[] =>
      seams
        .filter((seam) => seam.position > 0)
        .map((seam) => ({
          at: utf16(content, seam.position) - 1,
          node: <SeamMark seam={seam} />,
        })),
    [seams],
  );
  return (
    <SourcesContext value={context}>
      <div data-testid="answer-text">
        <MarkdownView text={content} streaming={streaming} insets={insets} />
      </div>
    </SourcesContext>
  );
}

/** A place counted in characters, as JavaScript counts. */
function utf16(text: string, characters: number): number {
  let at = 0;
  for (let count = 0; count < characters && at < text.length; count++) {
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return at;
}
