import type { ChatErrorBody, Session } from "@millrace/protocol";
import type { Failure } from "./errors.ts";
import type { ChatMessage } from "./messages.ts";

/** What a page shows of a conversation. An immutable value. */
export interface ConversationState {
  /** Null until the server has created the session. */
  readonly sessionId: string | null;
  readonly session: Session | null;
  readonly loading: "idle" | "loading" | "ready" | "failed";
  readonly error: Failure | null;
  /** Oldest first. */
  readonly messages: readonly ChatMessage[];
  /** Whether an answer is being written or waited for. */
  readonly busy: boolean;
  /** Whether delivery of what is being written is held. */
  readonly paused: boolean;
  /** Whether the server has messages before the first one here. */
  readonly hasOlder: boolean;
}

/** A request that no frame has answered yet. */
export interface Unanswered {
  readonly answerKey: string;
  readonly userKey: string | null;
  /** The answer that a new version was asked of, to put back if that is refused. */
  readonly previous: ChatMessage | null;
}

/** What is said of a turn that the server no longer knows. */
export const LOST: ChatErrorBody = {
  code: "INTERRUPTED",
  message: "The server no longer knows this answer. What had arrived is shown; ask again.",
  recoverable: true,
};
