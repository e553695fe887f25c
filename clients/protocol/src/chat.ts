/** The frames of the `chat` dialect, as they stand on the wire of `/api/ws/chat`. */

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

export type ThinkingMode = "system1" | "system2";
export type StreamSpeed = "slow" | "normal" | "fast";

/** What every frame about a turn carries. A refusal that belongs to no turn may lack the ids. */
export interface FrameIds {
  session_id: string;
  message_id: string;
  turn_id: string;
  /** Position in the turn's log: 0, 1, 2, ...; a filtered connection sees gaps. */
  seq: number;
  /** ISO 8601, UTC, milliseconds. */
  timestamp: string;
  /** The idempotency key of the request that this frame answers, where the server knows it. */
  request_id?: string;
}

export interface EmotionState {
  primary_emotion: string;
  /** 0.0 to 1.0 */
  emotional_intensity: number;
  learning_readiness: "optimal" | "good" | "moderate" | "low";
  cognitive_load: "optimal" | "high" | "overloaded";
  interventions?: string[];
  detailed_emotions?: Record<string, number>;
}

export interface Passage {
  number?: number;
  title: string;
  url: string;
  snippet: string;
  score: number;
}

export interface Citation {
  title: string;
  url: string;
  snippet?: string;
  number?: number;
}

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  reasoning_tokens?: number;
  cached_tokens?: number;
}

export interface ReasoningStep {
  /** From 1. */
  step_number: number;
  type: "decomposition" | "exploration" | "evaluation" | "synthesis";
  content: string;
  confidence: number | null;
  timestamp: string;
}

/** What is known of a finished answer; also the `metadata` of a stored message. */
export interface CompletionMetadata {
  provider_used: string;
  model: string;
  tokens_used: number;
  usage?: Usage;
  /** US dollars. */
  cost: number | null;
  response_time_ms: number;
  time_to_first_token_ms?: number | null;
  category_detected?: string | null;
  rag_enabled?: boolean;
  citations?: Citation[];
  suggested_questions?: string[];
  finish_reason?: string;
}

export interface ChatErrorBody {
  code: ErrorCode;
  /** A sentence that tells a person what to do. */
  message: string;
  recoverable: boolean;
  /** Seconds. */
  retry_after?: number;
}

export type ThinkingStarted = {
  type: "thinking_started";
  data: FrameIds & { thinking_mode: ThinkingMode; estimated_time_ms?: number | null };
};
export type EmotionUpdate = {
  type: "emotion_update";
  data: FrameIds & { emotion_state: EmotionState };
};
export type ContextInfo = { type: "context_info"; data: FrameIds & { passages: Passage[] } };
export type ReasoningStepFrame = {
  type: "reasoning_step";
  data: FrameIds & { step: ReasoningStep };
};
export type ThinkingComplete = {
  type: "thinking_complete";
  data: FrameIds & {
    reasoning_summary: string;
    total_steps: number;
    processing_time_ms: number;
  };
};
export type ContentToken = {
  type: "content_token";
  data: FrameIds & {
    token: string;
    /** From 0; of the first piece where several were joined. */
    token_index: number;
    is_final: boolean;
    /** How many pieces this frame joins; 1 where absent. */
    merged?: number;
  };
};
export type ChatComplete = {
  type: "chat_complete";
  data: FrameIds & {
    full_message: string;
    metadata: CompletionMetadata;
    /** SHA-256 of `full_message` in UTF-8, hexadecimal. */
    digest?: string;
  };
};
export type ChatCancelled = {
  type: "chat_cancelled";
  data: FrameIds & { partial_message: string; tokens_generated: number };
};
export type ChatError = {
  type: "chat_error";
  data: Partial<FrameIds> & { error: ChatErrorBody; partial_message?: string };
};
export type Pong = { type: "pong"; data: unknown };

/** A frame that belongs to a turn's log. */
export type TurnFrame =
  | ThinkingStarted
  | EmotionUpdate
  | ContextInfo
  | ReasoningStepFrame
  | ThinkingComplete
  | ContentToken
  | ChatComplete
  | ChatCancelled
  | ChatError;

export type ServerFrame = TurnFrame | Pong;

export interface RequestContext {
  subject?: string;
  /** 0.0 to 1.0 */
  difficulty?: number;
  enable_rag?: boolean;
  document_ids?: string[];
  [key: string]: unknown;
}

export interface ChatRequestData {
  message: string;
  user_id?: string;
  session_id?: string;
  request_id?: string;
  enable_reasoning?: boolean;
  thinking_mode?: ThinkingMode | "auto";
  model?: string;
  context?: RequestContext;
}

export interface ConnectionConfig {
  show_reasoning?: boolean;
  show_emotion?: boolean;
  stream_speed?: StreamSpeed;
}

export type ClientFrame =
  | { type: "chat_request"; data: ChatRequestData }
  | { type: "chat_stop"; data: { session_id: string; user_id?: string } }
  | { type: "chat_config"; data: { session_id?: string; config: ConnectionConfig } }
  | {
      type: "chat_resume";
      data: { turn_id?: string; session_id?: string; after_seq: number };
    }
  | { type: "chat_pause"; data: { turn_id: string } }
  | { type: "chat_continue"; data: { turn_id: string } }
  | {
      type: "chat_regenerate";
      data: { session_id: string; message_id: string; request_id?: string };
    }
  | { type: "ping"; data: unknown };
