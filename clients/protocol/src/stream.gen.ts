/* Generated from the types of millrace.dialects by `npm run generate -w @millrace/protocol`. */

export type ServerFrame =
  | {
      type: "stream_start";
      data: StreamStart;
    }
  | {
      type: "thinking_chunk";
      data: ThinkingChunk;
    }
  | {
      type: "context_info";
      data: ContextInfo;
    }
  | {
      type: "emotion_update";
      data: EmotionUpdate;
    }
  | {
      type: "content_chunk";
      data: ContentChunk;
    }
  | {
      type: "stream_complete";
      data: StreamComplete;
    }
  | {
      type: "stream_error";
      data: StreamError;
    }
  | {
      type: "generation_stopped";
      data: GenerationStopped;
    }
  | {
      type: "pong";
      data: unknown;
    };
export type ClientFrame =
  | {
      type: "chat_stream";
      data: ChatStream;
    }
  | {
      type: "stop_generation";
      data: StopGeneration;
    }
  | {
      type: "resume_stream";
      data: ResumeStream;
    }
  | {
      type: "ping";
      data: unknown;
    };

/**
 * The turn runs.
 */
export interface StreamStart {
  message_id: string | null;
  turn_id?: string;
  seq?: number;
  ai_message_id: string;
  session_id: string;
  timestamp: string;
  model: string;
}
/**
 * One step of reasoning.
 */
export interface ThinkingChunk {
  message_id: string | null;
  turn_id?: string;
  seq?: number;
  reasoning_step: StepData;
}
/**
 * One step of reasoning.
 */
export interface StepData {
  step_number: number;
  type: "decomposition" | "evaluation" | "exploration" | "synthesis";
  content: string;
  confidence: number | null;
}
/**
 * What the answer is built on; `difficulty` begins at 0.5, where nothing is known yet.
 */
export interface ContextInfo {
  message_id: string | null;
  turn_id?: string;
  seq?: number;
  documents: DocumentData[];
  history_messages: number;
  difficulty: number;
}
/**
 * Something retrieval found; `number` is what the answer cites it by.
 */
export interface DocumentData {
  title: string;
  snippet: string;
  score: number;
  number: number;
  url: string;
}
/**
 * An estimate for the user's message or the answer.
 */
export interface EmotionUpdate {
  message_id: string | null;
  turn_id?: string;
  seq?: number;
  emotion: EmotionStateData;
  of: "answer" | "user";
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
 * A piece of the answer, all of it inside or all of it outside a fenced code block.
 *
 *     `chunk_index` counts from 0; `merged` says how many chunks were joined for a client that lags.
 */
export interface ContentChunk {
  message_id: string | null;
  turn_id?: string;
  seq?: number;
  ai_message_id: string;
  content: string;
  chunk_index: number;
  is_code: boolean;
  language?: string;
  merged?: number;
}
/**
 * The answer is whole and stored.
 */
export interface StreamComplete {
  message_id: string | null;
  turn_id?: string;
  seq?: number;
  ai_message_id: string;
  full_content: string;
  metadata: {};
  digest: string;
}
/**
 * Any failure; the connection stays open.
 */
export interface StreamError {
  message_id: string | null;
  turn_id?: string;
  seq?: number;
  code: string;
  message: string;
  recoverable: boolean;
  partial_content: string;
  retry_after?: number;
  ai_message_id?: string;
  session_id?: string;
  digest?: string;
}
/**
 * The turn was stopped; the partial is stored.
 */
export interface GenerationStopped {
  message_id: string | null;
  turn_id?: string;
  seq?: number;
  ai_message_id: string;
  reason: string;
  partial_content: string;
  tokens_generated: number;
  digest: string;
}
/**
 * Start a turn; `message_id` is the client's own id of the user's message, and what makes the request idempotent.
 *
 *     `session_id` may be of the client's own making; without one a conversation is begun.
 */
export interface ChatStream {
  message_id: string;
  message: string;
  session_id?: string | null;
  context?: {} | null;
  model?: string | null;
}
/**
 * Stop the turn of that message; ours: `turn_id` in its place, for a turn that was started elsewhere.
 */
export interface StopGeneration {
  message_id?: string | null;
  turn_id?: string | null;
}
/**
 * Ours: send what follows `after_seq` of the turn (of that message), then follow live.
 */
export interface ResumeStream {
  message_id?: string | null;
  turn_id?: string | null;
  after_seq?: number;
}
