/* Generated from the types of millrace.dialects by `npm run generate -w @millrace/protocol`. */

export type ServerFrame =
  | {
      type: "thinking_started";
      data: ThinkingStarted;
    }
  | {
      type: "emotion_update";
      data: EmotionUpdate;
    }
  | {
      type: "context_info";
      data: ContextInfo;
    }
  | {
      type: "provider_switched";
      data: ProviderSwitchedFrame;
    }
  | {
      type: "turn_resumed";
      data: TurnResumedFrame;
    }
  | {
      type: "reasoning_delta";
      data: ReasoningDeltaFrame;
    }
  | {
      type: "reasoning_step";
      data: ReasoningStepFrame;
    }
  | {
      type: "thinking_complete";
      data: ThinkingComplete;
    }
  | {
      type: "content_token";
      data: ContentToken;
    }
  | {
      type: "chat_complete";
      data: ChatComplete;
    }
  | {
      type: "chat_cancelled";
      data: ChatCancelled;
    }
  | {
      type: "chat_error";
      data: ChatError;
    }
  | {
      type: "pong";
      data: unknown;
    };
export type ClientFrame =
  | {
      type: "chat_request";
      data: ChatRequest;
    }
  | {
      type: "chat_stop";
      data: ChatStop;
    }
  | {
      type: "chat_config";
      data: ChatConfig;
    }
  | {
      type: "chat_resume";
      data: ChatResume;
    }
  | {
      type: "chat_pause";
      data: ChatPause;
    }
  | {
      type: "chat_continue";
      data: ChatPause;
    }
  | {
      type: "chat_regenerate";
      data: ChatRegenerate;
    }
  | {
      type: "ping";
      data: unknown;
    };

/**
 * The turn runs.
 */
export interface ThinkingStarted {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  thinking_mode: "system1" | "system2";
  model: string;
  user_message_id: string;
  user_message: string;
  thinking_reason?: string;
  estimated_time_ms?: number;
  request_id?: string;
}
/**
 * An estimate for the user's message or the answer.
 */
export interface EmotionUpdate {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  of: "answer" | "user";
  emotion_state: EmotionStateData;
}
/**
 * An estimate of how the writer feels.
 */
export interface EmotionStateData {
  primary_emotion: string;
  emotional_intensity: number;
  learning_readiness: "good" | "low" | "moderate" | "optimal";
  cognitive_load: "high" | "optimal" | "overloaded";
  interventions?: string[];
  detailed_emotions?: {
    [k: string]: number;
  };
}
/**
 * What the answer is built on: what retrieval found, if anything, and how hard it aims to be, where known.
 */
export interface ContextInfo {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  passages: PassageData[];
  difficulty?: number;
}
/**
 * Something retrieval found.
 */
export interface PassageData {
  number: number;
  title: string;
  url: string;
  snippet: string;
  score: number;
}
/**
 * Another model took over at `position` characters of the answer's text (0: before its first one).
 */
export interface ProviderSwitchedFrame {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  from_model: string;
  to_model: string;
  reason: string;
  position: number;
}
/**
 * Another process took the answer over and goes on at `position` characters of its text.
 */
export interface TurnResumedFrame {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  position: number;
}
/**
 * A piece of the model's own thinking, as it writes it.
 */
export interface ReasoningDeltaFrame {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  text: string;
}
/**
 * One step of reasoning.
 */
export interface ReasoningStepFrame {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  step: StepData;
}
/**
 * One step of reasoning.
 */
export interface StepData {
  step_number: number;
  type: "decomposition" | "evaluation" | "exploration" | "synthesis";
  content: string;
  confidence: number | null;
  timestamp: string;
}
/**
 * Reasoning is over.
 */
export interface ThinkingComplete {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  reasoning_summary: string;
  total_steps: number;
  processing_time_ms: number;
}
/**
 * A piece of the answer; `merged` says how many pieces were joined for a client that lags.
 */
export interface ContentToken {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  token: string;
  token_index: number;
  is_final?: boolean;
  merged?: number;
}
/**
 * The answer is whole and stored.
 */
export interface ChatComplete {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  full_message: string;
  digest: string;
  metadata: {};
}
/**
 * The turn was stopped; the partial is stored.
 */
export interface ChatCancelled {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  partial_message: string;
  tokens_generated: number;
  digest: string;
  cancelled_by: string;
}
/**
 * Any failure; the connection stays open.
 */
export interface ChatError {
  session_id: string | null;
  message_id: string | null;
  turn_id: string | null;
  timestamp: string;
  seq?: number;
  error: ErrorData;
  partial_message?: string;
  request_id?: string;
}
/**
 * What failed and what to do.
 */
export interface ErrorData {
  code: string;
  message: string;
  recoverable: boolean;
  retry_after?: number;
}
/**
 * Start a turn.
 */
export interface ChatRequest {
  message: string;
  user_id?: string | null;
  session_id?: string | null;
  request_id?: string | null;
  enable_reasoning?: boolean;
  thinking_mode?: "auto" | "system1" | "system2";
  model?: string | null;
  context?: {} | null;
  provider_key?: string | null;
}
/**
 * Stop the session's running turn.
 */
export interface ChatStop {
  session_id: string;
  user_id?: string | null;
}
/**
 * Change how this connection is served from now on.
 */
export interface ChatConfig {
  config: Config;
  session_id?: string | null;
}
/**
 * How this connection wants to be served.
 */
export interface Config {
  show_reasoning?: boolean | null;
  show_emotion?: boolean | null;
  stream_speed?: ("fast" | "normal" | "slow") | null;
  show_thoughts?: boolean | null;
}
/**
 * Send what follows `after_seq`, then follow live.
 */
export interface ChatResume {
  after_seq?: number;
  turn_id?: string | null;
  session_id?: string | null;
}
/**
 * Hold or go on with the delivery of a turn.
 */
export interface ChatPause {
  turn_id: string;
}
/**
 * Write a new version of an answer.
 */
export interface ChatRegenerate {
  session_id: string;
  message_id: string;
  request_id?: string | null;
  model?: string | null;
  enable_reasoning?: boolean;
  thinking_mode?: "auto" | "system1" | "system2";
  context?: {} | null;
  provider_key?: string | null;
}
