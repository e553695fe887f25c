import { isPending } from "@millrace/client";
import { useChatClient } from "@millrace/react";
import { SourceChips } from "../sources/SourceChips.tsx";
import { useChoices } from "../state/choices.ts";
import { classes } from "../ui/classes.ts";
import { AnswerActions } from "./AnswerActions.tsx";
import { AnswerText } from "./AnswerText.tsx";
import { askOptions } from "./askOptions.ts";
import { ErrorNote } from "./ErrorNote.tsx";
import type { MessageRowProps } from "./MessageRow.tsx";
import styles from "./message.module.css";
import { Progress } from "./Progress.tsx";
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
