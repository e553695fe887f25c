/**
 * The frames of the `chat` dialect on the wire of `/api/ws/chat`, under the names that the client uses. The
 * shapes are generated; by hand is only what the Python side leaves open (`metadata`, the error codes).
 */

import type * as wire from "./chat.gen.ts";

export type { ClientFrame } from "./chat.gen.ts";

export type ErrorCode =
  | "INVALID_REQUEST"
  | "UNAUTHORIZED"
  | "NOT_FOUND"
  | "RATE_LIMIT"
  | "QUOTA_EXCEEDED"
  | "TURN_IN_PROGRESS"
  | "NO_ACTIVE_STREAM"
  | "PROVIDER_FAILURE"
  | "PROVIDER_TIMEOUT"
  | "CONTENT_FILTERED"
  | "CONTEXT_TOO_LONG"
  | "INTERRUPTED"
  | "STREAM_ERROR";

export type EmotionState = wire.EmotionStateData;
export type Passage = wire.PassageData;
export type ReasoningStep = wire.StepData;
export type ChatErrorBody = wire.ErrorData;
export type ChatRequestData = wire.ChatRequest;
export type ChatRegenerateData = wire.ChatRegenerate;
export type ConnectionConfig = wire.Config;

export interface Citation {
  title: string;
  url: string;
  snippet?: string;
  /** What the text cites it by: `[1]`. */
  number?: number | null;
}

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  reasoning_tokens?: number;
  cached_tokens?: number;
  /** The provider reported nothing; the figures are the server's own count. */
  estimated?: boolean;
}

/** What one model took for its part of an answer, `chars` Unicode characters long; 0 where it was asked in vain. */
export interface AnswerPart {
  model: string;
  usage: Usage;
  /** US dollars; null where no price is known. */
  cost: number | null;
  chars: number;
}

/** A step of reasoning as it is kept. */
export type StoredStep = Omit<ReasoningStep, "timestamp">;

/** Where somebody else went on with an answer, as it is kept; named as the frame that told it. */
export type StoredSeam =
  | { type: "turn_resumed"; position: number }
  | {
      type: "provider_switched";
      position: number;
      from_model: string;
      to_model: string;
      reason: string;
    };

/** What is known of a finished answer; also the `metadata` of a stored message. */
export interface CompletionMetadata {
  provider_used: string;
  model: string;
  tokens_used: number;
  usage?: Usage;
  /** US dollars; null where no price is known. */
  cost: number | null;
  response_time_ms: number;
  time_to_first_token_ms?: number | null;
  category_detected?: string | null;
  rag_enabled?: boolean;
  citations?: Citation[];
  suggested_questions?: string[];
  finish_reason?: string;
  /** Where several models had a part in the answer: which, in their order. `usage` and `cost` are sums. */
  parts?: AnswerPart[];
  /** An estimate of the emotion in the message, where one was made. */
  emotion_state?: EmotionState;
  /** Of a stored message alone: how it came about, and where somebody else went on; what was found and is not cited. */
  reasoning_steps?: StoredStep[];
  reasoning_time_ms?: number;
  seams?: StoredSeam[];
  passages?: Passage[];
  difficulty?: number;
}

type Frame<Type extends wire.ServerFrame["type"]> = Extract<wire.ServerFrame, { type: Type }>;

export type ChatComplete = {
  type: "chat_complete";
  data: Omit<wire.ChatComplete, "metadata"> & { metadata: CompletionMetadata };
};
export type ChatError = Frame<"chat_error">;
export type ContentToken = Frame<"content_token">;

/** A frame about a turn. Those of its log have a `seq`; a refusal has none. */
export type TurnFrame =
  | Exclude<wire.ServerFrame, { type: "pong" } | { type: "chat_complete" }>
  | ChatComplete;

export type ServerFrame = TurnFrame | Frame<"pong">;
