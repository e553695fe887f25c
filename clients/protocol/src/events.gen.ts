/* Generated from the types of millrace.model by `npm run generate -w @millrace/protocol`. */

/**
 * An event with its place in the log: `seq` from 0 without gaps, `at` in Unix milliseconds (UTC).
 */
export interface Entry {
  seq: number;
  at: number;
  event:
    | TurnStarted
    | EmotionUpdated
    | PassagesRetrieved
    | ReasoningDelta
    | ReasoningStep
    | ReasoningCompleted
    | TextDelta
    | ProviderSwitched
    | TurnResumed
    | SuggestionsReady
    | TurnCompleted
    | TurnCancelled
    | TurnFailed;
}
/**
 * The turn runs: its ids, the resolved `provider/model`, the thinking mode that was chosen, and why that one.
 */
export interface TurnStarted {
  type: "turn-started";
  turn_id: string;
  session_id: string;
  message_id: string;
  user_message_id: string;
  model: string;
  user_message?: string;
  thinking_mode?: "system1" | "system2";
  estimated_time_ms?: number | null;
  rag_enabled?: boolean;
  request_id?: string | null;
  thinking_reason?: string;
}
/**
 * An estimate of emotion in the user's message or in the answer.
 */
export interface EmotionUpdated {
  type: "emotion-updated";
  of: "answer" | "user";
  state: EmotionState;
}
/**
 * An estimate of how the writer feels. Intensities and scores are 0.0 to 1.0.
 */
export interface EmotionState {
  primary_emotion: string;
  emotional_intensity: number;
  learning_readiness: "good" | "low" | "moderate" | "optimal";
  cognitive_load: "high" | "optimal" | "overloaded";
  interventions?: string[];
  detailed_emotions?: {
    [k: string]: number;
  } | null;
}
/**
 * What the answer is built on, once per turn and only where there is something to say.
 *
 *     `passages` are what retrieval found, numbered for citing: none where it found nothing, or was not asked.
 *     `difficulty` is what the answer aims at, 0.0 to 1.0, or none where nothing is known of it. `history_messages` is how
 *     many earlier messages of the conversation the prompt holds.
 */
export interface PassagesRetrieved {
  type: "passages-retrieved";
  passages?: Passage[];
  difficulty?: number | null;
  history_messages?: number;
}
/**
 * Something retrieval found. `number` is what the answer cites it by, from 1; `score` is 0.0 to 1.0.
 *
 *     `document_id` and `chunk_id` name the text and its part, where retrieval knows texts; `page` counts from 1.
 */
export interface Passage {
  number: number;
  title: string;
  snippet: string;
  score: number;
  url?: string;
  document_id?: string;
  chunk_id?: string;
  page?: number | null;
}
/**
 * A piece of the provider's own thinking text.
 */
export interface ReasoningDelta {
  type: "reasoning-delta";
  text: string;
}
/**
 * One step of reasoning; `number` from 1. `confidence` is 0.0 to 1.0, or none where none was stated.
 */
export interface ReasoningStep {
  type: "reasoning-step";
  number: number;
  kind: "decomposition" | "evaluation" | "exploration" | "synthesis";
  content: string;
  confidence?: number | null;
}
/**
 * Reasoning is over; text follows. `duration_ms` counts from the first word of the model.
 */
export interface ReasoningCompleted {
  type: "reasoning-completed";
  summary: string;
  steps: number;
  duration_ms: number;
}
/**
 * A piece of the answer, as the provider sent it. `index` counts the pieces of the turn from 0.
 */
export interface TextDelta {
  type: "text-delta";
  index: number;
  text: string;
}
/**
 * A fallback took over at `position` characters of text (0: before the answer).
 *
 *     `reason` is one word; `usage` and `cost` are those of the part that is over, where anything was used.
 */
export interface ProviderSwitched {
  type: "provider-switched";
  from_model: string;
  to_model: string;
  reason: string;
  position?: number;
  usage?: Usage | null;
  cost?: number | null;
}
/**
 * Tokens of one generation: `input_tokens` include cached ones, `output_tokens` include reasoning.
 *
 *     `estimated` is true where the provider reported nothing and the figures are our own count.
 */
export interface Usage {
  input_tokens?: number;
  output_tokens?: number;
  reasoning_tokens?: number | null;
  cached_tokens?: number | null;
  estimated?: boolean;
}
/**
 * Another process took the turn over and continues it at `position` characters of text.
 */
export interface TurnResumed {
  type: "turn-resumed";
  position: number;
  fence: number;
}
/**
 * Follow-up questions the user may want to ask.
 */
export interface SuggestionsReady {
  type: "suggestions-ready";
  questions: string[];
}
/**
 * The answer is whole and stored, or will be as soon as the database answers.
 *
 *     `digest` is the SHA-256 of its full text in UTF-8, as hex.
 *     `cost` is in US dollars, or none where the model's price is not known; durations are milliseconds. `model` is the
 *     one that finished. Where several took part, `parts` are they, in their order, and `usage` and `cost` their sums.
 */
export interface TurnCompleted {
  type: "turn-completed";
  finish_reason: "filtered" | "length" | "pause" | "stop" | "tools";
  digest: string;
  pieces: number;
  usage: Usage;
  model: string;
  cost?: number | null;
  response_time_ms?: number;
  time_to_first_token_ms?: number | null;
  category?: string | null;
  rag_enabled?: boolean;
  citations?: Citation[];
  parts?: Part[];
}
/**
 * A source of the answer. `start` and `end` are character offsets into the text, where known.
 *
 *     `document_id`, `chunk_id` and `page` are those of the passage that it cites.
 */
export interface Citation {
  title: string;
  url: string;
  snippet?: string;
  number?: number | null;
  start?: number | null;
  end?: number | null;
  document_id?: string;
  chunk_id?: string;
  page?: number | null;
}
/**
 * What one model took for its part of an answer, `chars` characters long; none where it was asked in vain.
 *
 *     `cost` is in US dollars, or none where the model's price is not known.
 */
export interface Part {
  model: string;
  usage: Usage;
  cost?: number | null;
  chars?: number;
}
/**
 * The turn was stopped; its partial text is stored. `model` was answering; `parts` as in `TurnCompleted`.
 *
 *     `stop_ms` is the time from the request to stop until the upstream connection was closed, and
 *     `pieces_after_stop` how many pieces still arrived in it.
 */
export interface TurnCancelled {
  type: "turn-cancelled";
  cancelled_by: "disconnect" | "interrupt" | "operator" | "user";
  digest: string;
  pieces: number;
  usage: Usage;
  stop_ms?: number;
  pieces_after_stop?: number;
  cost?: number | null;
  model?: string;
  parts?: Part[];
}
/**
 * The turn ended in an error; its partial text is stored. `retry_after` is in seconds.
 *
 *     `usage`, `cost`, `model` and `parts` are as in `TurnCompleted`.
 */
export interface TurnFailed {
  type: "turn-failed";
  code: string;
  message: string;
  recoverable: boolean;
  digest: string;
  pieces?: number;
  retry_after?: number | null;
  usage?: Usage | null;
  cost?: number | null;
  model?: string;
  parts?: Part[];
}
/**
 * The assistant's message that a turn's entries amount to, at some point of the log.
 */
export interface FoldedMessage {
  turn_id?: string;
  session_id?: string;
  message_id?: string;
  model?: string;
  status?: "cancelled" | "complete" | "failed" | "pending" | "streaming";
  text?: string;
  pieces?: number;
  reasoning?: string;
  reasoning_steps?: ReasoningStep[];
  passages?: Passage[];
  difficulty?: number | null;
  user_emotion?: EmotionState | null;
  answer_emotion?: EmotionState | null;
  suggestions?: string[];
  seams?: number[];
  citations?: Citation[];
  usage?: Usage | null;
  digest?: string | null;
  error?: MessageError | null;
  last_seq?: number;
}
/**
 * Why an answer is not whole.
 */
export interface MessageError {
  code: string;
  message: string;
}
