import type {
  AnswerPart,
  Citation,
  CompletionMetadata,
  EmotionState,
  Message,
  Passage,
  SharedMessage,
  StoredSeam,
  StoredStep,
} from "@millrace/protocol";
import { type Failure, failureOf } from "./errors.ts";
import type { Seam, Turn } from "./turn.ts";

/**
 * `waiting`: kept here until there is a connection; it can be taken back. `sending`: not yet taken by the server. `queued`: waits for the answer before it. `thinking`: taken, no
 * text yet. The last three are for good.
 */
export type MessageStatus =
  | "waiting"
  | "sending"
  | "queued"
  | "thinking"
  | "streaming"
  | "complete"
  | "cancelled"
  | "failed";

/** A message as a page shows it. Immutable: an unchanged message stays the same object. */
export interface ChatMessage {
  /** Stays the same for the message's whole life on the page, also when the server names it. */
  readonly key: string;
  /** The server's id, once known. */
  readonly id: string | null;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly status: MessageStatus;
  readonly turnId: string | null;
  readonly requestId: string | null;
  readonly createdAt: string;
  readonly version: number;
  readonly versionCount: number;
  readonly reasoning: string | null;
  readonly steps: readonly StoredStep[];
  readonly reasoningMs: number | null;
  /** An estimate of what the message shows; null where none was made. */
  readonly emotion: EmotionState | null;
  readonly seams: readonly Seam[];
  /** `provider/model`, from when the answer was begun; null where it is not known. */
  readonly model: string | null;
  /** Pieces of text that came while this page was open; their rate is the model's. */
  readonly pieces: number;
  readonly passages: readonly Passage[];
  /** How hard the answer aims to be, 0 to 1; null where nothing is known of it. */
  readonly difficulty: number | null;
  readonly citations: readonly Citation[];
  readonly metadata: Partial<CompletionMetadata> | null;
  readonly error: Failure | null;
  readonly reactions: readonly string[];
}

const PENDING: ReadonlySet<MessageStatus> = new Set([
  "waiting",
  "sending",
  "queued",
  "thinking",
  "streaming",
]);

/** Whether more of this message is to come. */
export function isPending(message: ChatMessage): boolean {
  return PENDING.has(message.status);
}

const BLANK = {
  id: null,
  turnId: null,
  requestId: null,
  version: 1,
  versionCount: 1,
  reasoning: null,
  steps: [],
  reasoningMs: null,
  emotion: null,
  seams: [],
  model: null,
  pieces: 0,
  passages: [],
  difficulty: null,
  citations: [],
  metadata: null,
  error: null,
  reactions: [],
} as const;

/** A message that so far exists on this client alone. */
export function localMessage(
  fields: Pick<ChatMessage, "key" | "role" | "content" | "status" | "createdAt"> &
    Partial<ChatMessage>,
): ChatMessage {
  return { ...BLANK, ...fields };
}

export function storedMessage(message: Message, key: string): ChatMessage {
  return {
    ...BLANK,
    key,
    id: message.id,
    role: message.role,
    content: message.content,
    status: message.status,
    turnId: message.turn_id,
    createdAt: message.created_at,
    version: message.version,
    versionCount: message.version_count,
    reasoning: message.reasoning,
    steps: message.metadata?.reasoning_steps ?? [],
    reasoningMs: message.metadata?.reasoning_time_ms ?? null,
    emotion: message.metadata?.emotion_state ?? null,
    seams: message.metadata?.seams?.map(seamOf) ?? seamsOf(message.metadata?.parts ?? []),
    model: message.metadata?.model ?? null,
    passages: message.metadata?.passages ?? [],
    difficulty: message.metadata?.difficulty ?? null,
    citations: message.metadata?.citations ?? [],
    metadata: message.metadata,
    error: message.error && { ...message.error, recoverable: true, retryAfter: null },
    reactions: message.reactions,
  };
}

/** A message of a conversation that is read by a link; what the link does not tell is left out. */
export function sharedMessage(message: SharedMessage): ChatMessage {
  const { id, role, content, status, created_at: createdAt, model, citations } = message;
  return { ...BLANK, key: id, id, role, content, status, createdAt, model, citations };
}

/** A stored message with what only the frames told of it while the page is open. */
export function withPassed(stored: ChatMessage, before: ChatMessage): ChatMessage {
  return {
    ...stored,
    steps: stored.steps.length > 0 ? stored.steps : before.steps,
    reasoningMs: stored.reasoningMs ?? before.reasoningMs,
    emotion: stored.emotion ?? before.emotion,
    seams: stored.seams.length > 0 ? stored.seams : before.seams,
    passages: stored.passages.length > 0 ? stored.passages : before.passages,
    difficulty: stored.difficulty ?? before.difficulty,
    pieces: before.pieces,
  };
}

function seamOf(seam: StoredSeam): Seam {
  const { position } = seam;
  if (seam.type === "turn_resumed") return { kind: "resumed", position };
  const { from_model: from, to_model: to, reason } = seam;
  return { kind: "switched", position, from, to, reason };
}

/** Where one part of an answer ends and the next one begins, of one that was stored before its seams were kept. */
function seamsOf(parts: readonly AnswerPart[]): readonly Seam[] {
  const said = parts.filter((part) => part.chars > 0);
  let position = 0;
  return said.slice(1).map((part, index): Seam => {
    const before = said[index] ?? part;
    position += before.chars;
    return before.model === part.model
      ? { kind: "resumed", position }
      : { kind: "switched", position, from: before.model, to: part.model, reason: "" };
  });
}

/** The answer's message as the turn stands now. */
export function withTurn(message: ChatMessage, turn: Turn): ChatMessage {
  return {
    ...message,
    id: turn.messageId || message.id,
    turnId: turn.turnId,
    content: turn.text,
    status: turn.phase === "waiting" ? message.status : turn.phase,
    reasoning: turn.thoughts || turn.reasoningSummary,
    steps: turn.steps,
    reasoningMs: turn.reasoningMs,
    emotion: turn.emotion,
    seams: turn.seams,
    model: turn.metadata?.model ?? turn.model,
    pieces: turn.nextIndex,
    passages: turn.passages,
    difficulty: turn.difficulty,
    citations: turn.metadata?.citations ?? [],
    metadata: turn.metadata,
    error: turn.error && failureOf(turn.error),
  };
}
