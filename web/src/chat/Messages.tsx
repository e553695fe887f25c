import { type ChatMessage, isPending } from "@millrace/client";
import { useChatClient, useConnection } from "@millrace/react";
import { memo, useEffect } from "react";
import { loadMarkdown, Markdown } from "../markdown/Markdown.tsx";
import { ErrorNote } from "./ErrorNote.tsx";
import { MessageActions } from "./MessageActions.tsx";
import styles from "./message.module.css";
import { Reasoning } from "./Reasoning.tsx";
import { Sources } from "./Sources.tsx";

interface MessagesProps {
  /** The conversation's key on the client. */
  readonly conversationKey: string;
  readonly messages: readonly ChatMessage[];
  readonly busy: boolean;
  /** Whether new versions are asked for with the model's reasoning. */
  readonly reasoning: boolean;
}

export function Messages({ conversationKey, messages, busy, reasoning }: MessagesProps) {
  useEffect(() => void loadMarkdown(), []);
  return messages.map((message) =>
    message.role === "user" ? (
      <UserMessage key={message.key} message={message} />
    ) : (
      <AssistantMessage
        key={message.key}
        message={message}
        conversationKey={conversationKey}
        busy={busy}
        reasoning={reasoning}
      />
    ),
  );
}

interface MessageProps {
  readonly message: ChatMessage;
}

const UserMessage = memo(function UserMessage({ message }: MessageProps) {
  return (
    <article className={styles["user"]} data-testid="user-message" aria-label="You">
      <p>{message.content}</p>
      {message.status === "queued" && <small>Waits for the answer before it</small>}
      {message.status === "failed" && <small>Not sent</small>}
    </article>
  );
});

interface AssistantMessageProps extends MessageProps {
  readonly conversationKey: string;
  readonly busy: boolean;
  readonly reasoning: boolean;
}

const AssistantMessage = memo(function AssistantMessage(props: AssistantMessageProps) {
  const { message, conversationKey, busy, reasoning } = props;
  const client = useChatClient();
  const { id, requestId, turnId } = message;
  const pending = isPending(message);
  const regenerate = id
    ? () => client.regenerate(conversationKey, id, { enable_reasoning: reasoning })
    : null;
  const resend = requestId ? () => client.resend(conversationKey, requestId) : null;
  // A turn that began is answered again in its place; a request that was refused is sent anew.
  const retry = turnId ? regenerate : resend;
  return (
    <article
      className={styles["assistant"]}
      data-testid="ai-message"
      data-status={message.status}
      aria-label="Answer"
      aria-busy={pending}
    >
      <Reasoning message={message} />
      {message.content && (
        <div data-testid="answer-text">
          <Markdown text={message.content} streaming={pending} />
        </div>
      )}
      {pending && <Progress message={message} />}
      {message.error && (
        <ErrorNote failure={message.error} onRetry={message.error.recoverable ? retry : null} />
      )}
      {message.status === "cancelled" && (
        <p className={styles["note"]}>Stopped. What was written is kept.</p>
      )}
      <Sources citations={message.citations} />
      {!pending && regenerate && !(message.error && !message.content) && (
        <MessageActions
          message={message}
          canRegenerate={!busy}
          onRegenerate={regenerate}
          onVersion={(number) => void client.selectVersion(conversationKey, id ?? "", number)}
        />
      )}
    </article>
  );
});

const WAITING = {
  sending: "Sending",
  queued: "Queued",
  thinking: "Thinking",
  streaming: "Writing",
} as const;

function Progress({ message }: MessageProps) {
  const { state } = useConnection();
  const { status } = message;
  // Dots that move say that something arrives: without a connection nothing does.
  const away = state !== "connected";
  const known = status in WAITING ? WAITING[status as keyof typeof WAITING] : "Working";
  const label = away ? "Waiting for the connection" : known;
  return (
    <output className={styles["progress"]} data-testid="streaming-indicator" aria-label={label}>
      {!away && (
        <span className={styles["dots"]} aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
      )}
      {(away || status !== "streaming") && <span aria-hidden="true">{label}</span>}
    </output>
  );
}
