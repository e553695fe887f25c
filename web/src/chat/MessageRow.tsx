import type { ChatMessage } from "@millrace/client";
import { memo } from "react";
import { Answer } from "./Answer.tsx";
import { Question } from "./Question.tsx";

export interface MessageRowProps {
  readonly message: ChatMessage;
  /** The conversation's key on the client. */
  readonly conversationKey: string;
  /** Whether an answer is being written in the conversation. */
  readonly busy: boolean;
  /** Whether nothing follows. */
  readonly last: boolean;
  /** Whether somebody was led here and should see where. */
  readonly marked: boolean;
  /** The server's id of the message before it. */
  readonly previous: string | null;
  /** Whether it is known what came before, so that a question can be asked otherwise. */
  readonly editable: boolean;
  readonly onAsk: (question: string) => void;
  readonly onEdit: (after: string | null, question: string) => void;
  readonly onBranch: (messageId: string) => void;
}

/** One message, rendered again only when it changes. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  return props.message.role === "user" ? <Question {...props} /> : <Answer {...props} />;
});
