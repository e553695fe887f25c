import type { ConversationProps } from "./Conversation.tsx";
import styles from "./message.module.css";

interface PlainConversationProps extends ConversationProps {
  /** Whether the rest of the page is only late: then the place is kept, and shown where that takes long. */
  readonly waiting?: boolean;
}

/** What was said, without all that it takes to show it well. */
export function PlainConversation({ messages, waiting = false }: PlainConversationProps) {
  return (
    <div
      className={styles[waiting ? "waiting" : "plain"]}
      data-testid={waiting ? "markdown-waiting" : undefined}
    >
      {messages.slice(-50).map((message) => (
        <p
          key={message.key}
          className={styles[message.role === "user" ? "plainUser" : "plainText"]}
        >
          {message.content}
        </p>
      ))}
    </div>
  );
}
