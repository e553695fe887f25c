import type { events } from "@millrace/protocol";

/** The assistant's message that a log's entries amount to, every field present. */
export type FoldedMessage = Required<events.FoldedMessage>;

const EMPTY: FoldedMessage = {
  turn_id: "",
  session_id: "",
  message_id: "",
  model: "",
  status: "pending",
  text: "",
  pieces: 0,
  reasoning: "",
  reasoning_steps: [],
  passages: [],
  difficulty: null,
  user_emotion: null,
  answer_emotion: null,
  suggestions: [],
  seams: [],
  citations: [],
  usage: null,
  digest: null,
  error: null,
  last_seq: -1,
};

/** The message before its first entry. */
export function emptyFold(): FoldedMessage {
  return EMPTY;
}

/**
 * Adds an entry; one that was seen before changes nothing. Throws where an entry before it is missing.
 *
 * The same fold as `millrace.stream.fold` in Python; both pass the vectors in `tests/vectors/fold.json`.
 */
export function foldEntry(message: FoldedMessage, entry: events.Entry): FoldedMessage {
  if (entry.seq <= message.last_seq) return message;
  if (entry.seq !== message.last_seq + 1) {
    throw new Error(`Entry ${entry.seq} follows ${message.last_seq}: the log has a gap.`);
  }
  return { ...message, ...change(message, entry.event), last_seq: entry.seq };
}

/** The message that `entries` amount to. Throws where they have a gap. */
export function foldEntries(entries: Iterable<events.Entry>): FoldedMessage {
  let message = EMPTY;
  for (const entry of entries) message = foldEntry(message, entry);
  return message;
}

function change(message: FoldedMessage, event: events.Entry["event"]): Partial<FoldedMessage> {
  switch (event.type) {
    case "turn-started": {
      const { turn_id, session_id, message_id, model } = event;
      return { turn_id, session_id, message_id, model, status: "streaming" };
    }
    case "text-delta":
      return { text: message.text + event.text, pieces: message.pieces + 1 };
    case "reasoning-delta":
      return { reasoning: message.reasoning + event.text };
    case "reasoning-step":
      return { reasoning_steps: [...message.reasoning_steps, event] };
    case "emotion-updated":
      return event.of === "user" ? { user_emotion: event.state } : { answer_emotion: event.state };
    case "passages-retrieved":
      return { passages: event.passages ?? [], difficulty: event.difficulty ?? null };
    case "suggestions-ready":
      return { suggestions: event.questions };
    case "provider-switched":
      return { model: event.to_model, seams: [...message.seams, codePoints(message.text)] };
    case "turn-resumed":
      return { seams: [...message.seams, codePoints(message.text)] };
    case "turn-completed":
      return {
        status: "complete",
        digest: event.digest,
        usage: event.usage ?? null,
        citations: event.citations ?? [],
      };
    case "turn-cancelled":
      return { status: "cancelled", digest: event.digest, usage: event.usage ?? null };
    case "turn-failed":
      return {
        status: "failed",
        digest: event.digest,
        usage: event.usage ?? null,
        error: { code: event.code, message: event.message },
      };
    default:
      return {};
  }
}

/** Positions in a text count characters as Python does, not UTF-16 units. */
function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
