import type {
  ChatErrorBody,
  CompletionMetadata,
  ContentToken,
  EmotionState,
  Passage,
  ReasoningStep,
  TurnFrame,
} from "@millrace/protocol";

/** A place in the answer's text, in Unicode characters from its beginning, at which somebody else went on. */
export type Seam =
  | {
      readonly kind: "switched";
      readonly position: number;
      readonly from: string;
      readonly to: string;
      readonly reason: string;
    }
  | { readonly kind: "resumed"; readonly position: number };

export type TurnPhase = "waiting" | "thinking" | "streaming" | "complete" | "cancelled" | "failed";

/** Pieces that came before the ones they follow. */
interface AheadPiece {
  readonly index: number;
  readonly count: number;
  readonly text: string;
  readonly seq: number;
}

/** What the frames of one turn say so far. An immutable value; `foldFrame` makes the next. */
export interface Turn {
  readonly turnId: string;
  readonly sessionId: string;
  readonly messageId: string;
  readonly phase: TurnPhase;
  readonly text: string;
  /** The `token_index` that comes next. */
  readonly nextIndex: number;
  /** The last position up to which nothing is missing; where a resume goes on. */
  readonly lastSeq: number;
  readonly ahead: readonly AheadPiece[];
  readonly steps: readonly ReasoningStep[];
  /** The model's own thinking, as far as it was told. */
  readonly thoughts: string;
  readonly reasoningSummary: string | null;
  readonly reasoningMs: number | null;
  /** An estimate for the user's message. */
  readonly userEmotion: EmotionState | null;
  /** An estimate for the answer. */
  readonly emotion: EmotionState | null;
  /** Where another model or another process went on. */
  readonly seams: readonly Seam[];
  /** `provider/model` as the server resolved it; null until the turn runs. */
  readonly model: string | null;
  readonly thinkingMode: "system1" | "system2" | null;
  readonly passages: readonly Passage[];
  /** How hard the answer aims to be, 0 to 1; null where nothing is known of it. */
  readonly difficulty: number | null;
  readonly metadata: CompletionMetadata | null;
  readonly error: ChatErrorBody | null;
  readonly digest: string | null;
  /** The text as the terminal frame gave it; `text` is what the pieces gave. */
  readonly finalText: string | null;
}

export function newTurn(turnId: string, sessionId: string, messageId: string): Turn {
  return {
    turnId,
    sessionId,
    messageId,
    phase: "waiting",
    text: "",
    nextIndex: 0,
    lastSeq: -1,
    ahead: [],
    steps: [],
    thoughts: "",
    reasoningSummary: null,
    reasoningMs: null,
    userEmotion: null,
    emotion: null,
    seams: [],
    model: null,
    thinkingMode: null,
    passages: [],
    difficulty: null,
    metadata: null,
    error: null,
    digest: null,
    finalText: null,
  };
}

export function hasEnded(turn: Turn): boolean {
  return turn.phase === "complete" || turn.phase === "cancelled" || turn.phase === "failed";
}

/** Whether pieces are missing that a resume after `lastSeq` would bring. */
export function hasGap(turn: Turn): boolean {
  return turn.ahead.length > 0;
}

/**
 * Adds one frame. Returns the same object where the frame brings nothing new: a repeated one, or one after
 * the end. Text is ordered by `token_index`, so a resume that overlaps what came live writes nothing twice.
 */
export function foldFrame(turn: Turn, frame: TurnFrame): Turn {
  if (hasEnded(turn)) return turn;
  if (frame.type === "content_token") return foldPiece(turn, frame.data);
  const seq = frame.data.seq;
  if (seq !== undefined && seq <= turn.lastSeq) return turn;
  const next = foldFact(turn, frame);
  // While pieces are missing, the position stays before them: a resume must bring them.
  return hasGap(turn) || seq === undefined ? next : { ...next, lastSeq: seq };
}

function foldPiece(turn: Turn, data: ContentToken["data"]): Turn {
  const count = data.merged ?? 1;
  const piece = { index: data.token_index, count, text: data.token, seq: data.seq ?? turn.lastSeq };
  if (piece.index + count <= turn.nextIndex) return turn;
  if (piece.index > turn.nextIndex) {
    if (turn.ahead.some((known) => known.index === piece.index)) return turn;
    return { ...turn, ahead: [...turn.ahead, piece].sort((a, b) => a.index - b.index) };
  }
  // A joined frame that begins among pieces we hold cannot be cut: the terminal frame's text settles it.
  if (piece.index < turn.nextIndex) return turn;
  return drainAhead({
    ...turn,
    phase: "streaming",
    text: turn.text + piece.text,
    nextIndex: piece.index + count,
    lastSeq: Math.max(turn.lastSeq, piece.seq),
  });
}

function drainAhead(turn: Turn): Turn {
  if (turn.ahead.length === 0) return turn;
  let { text, nextIndex, lastSeq } = turn;
  const ahead: AheadPiece[] = [];
  for (const piece of turn.ahead) {
    if (piece.index === nextIndex) {
      text += piece.text;
      nextIndex += piece.count;
      lastSeq = Math.max(lastSeq, piece.seq);
    } else if (piece.index > nextIndex) {
      ahead.push(piece);
    }
  }
  return { ...turn, text, nextIndex, lastSeq, ahead };
}

function foldFact(turn: Turn, frame: Exclude<TurnFrame, { type: "content_token" }>): Turn {
  switch (frame.type) {
    case "thinking_started":
      return {
        ...turn,
        phase: turn.phase === "waiting" ? "thinking" : turn.phase,
        model: frame.data.model ?? null,
        thinkingMode: frame.data.thinking_mode ?? null,
      };
    case "emotion_update":
      return frame.data.of === "user"
        ? { ...turn, userEmotion: frame.data.emotion_state }
        : { ...turn, emotion: frame.data.emotion_state };
    case "provider_switched": {
      const { from_model: from, to_model: to, reason, position } = frame.data;
      const seam: Seam = { kind: "switched", position, from, to, reason };
      return { ...turn, model: to, seams: [...turn.seams, seam] };
    }
    case "turn_resumed":
      return {
        ...turn,
        seams: [...turn.seams, { kind: "resumed", position: frame.data.position }],
      };
    case "context_info":
      return { ...turn, passages: frame.data.passages, difficulty: frame.data.difficulty ?? null };
    case "reasoning_delta":
      return { ...turn, thoughts: turn.thoughts + frame.data.text };
    case "reasoning_step":
      if (turn.steps.some((step) => step.step_number === frame.data.step.step_number)) return turn;
      return { ...turn, steps: [...turn.steps, frame.data.step] };
    case "thinking_complete":
      return {
        ...turn,
        reasoningSummary: frame.data.reasoning_summary,
        reasoningMs: frame.data.processing_time_ms,
      };
    case "chat_complete":
      return {
        ...turn,
        phase: "complete",
        finalText: frame.data.full_message,
        metadata: frame.data.metadata,
        digest: frame.data.digest ?? null,
      };
    case "chat_cancelled":
      return {
        ...turn,
        phase: "cancelled",
        finalText: frame.data.partial_message,
        digest: frame.data.digest || null,
      };
    case "chat_error":
      return {
        ...turn,
        phase: "failed",
        error: frame.data.error,
        finalText: frame.data.partial_message ?? null,
      };
    default:
      return turn;
  }
}
