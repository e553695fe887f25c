import type { BatchRequest } from "@millrace/protocol";
import type { Api } from "./api.ts";
import type { Conversation } from "./conversation.ts";
import { ApiError, type Failure } from "./errors.ts";
import type { OutboxEntry } from "./outbox.ts";

/** What happens to a request that is asked for as a whole. */
export interface BatchEvents {
  /** A new conversation has got its session. */
  onSession(conversation: Conversation, sessionId: string): void;
  /** The server has stored what became of it; `conversation` shows it. */
  onAnswered(conversation: Conversation, entry: OutboxEntry): void;
  onRefused(conversation: Conversation, entry: OutboxEntry, failure: Failure): void;
  /** The server did not answer; the request stays with whoever holds it. */
  onUnreachable(failure: Failure): void;
}

/**
 * Asks over HTTP, for whoever wants an answer once it is whole.
 *
 * It is the same turn as over a WebSocket, idempotent by its `request_id`: a request whose answer got lost is asked again,
 * here or there, and is the same one.
 */
export class BatchAsker {
  readonly #api: Api;
  readonly #load: (sessionId: string) => Promise<void>;
  readonly #events: BatchEvents;
  readonly #asking = new Set<string>();

  constructor(api: Api, load: (sessionId: string) => Promise<void>, events: BatchEvents) {
    this.#api = api;
    this.#load = load;
    this.#events = events;
  }

  /** Whether an answer is waited for here. */
  has(requestId: string): boolean {
    return this.#asking.has(requestId);
  }

  /** Asks, once at a time. Where the server cannot be reached the request stays with whoever holds it. */
  async ask(conversation: Conversation, entry: OutboxEntry): Promise<void> {
    const { requestId } = entry;
    if (this.#asking.has(requestId)) return;
    this.#asking.add(requestId);
    let lost: Failure | null = null;
    try {
      await this.#ask(conversation, entry);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === "UNREACHABLE") lost = error;
      else await this.#fail(conversation, entry, error);
    } finally {
      this.#asking.delete(requestId);
    }
    if (lost) this.#events.onUnreachable(lost);
  }

  async #ask(conversation: Conversation, entry: OutboxEntry): Promise<void> {
    if (conversation.sessionId === null) {
      // Known before the answer is: only then can it be stopped, and watched elsewhere.
      this.#events.onSession(conversation, (await this.#api.createSession()).id);
    }
    const sessionId = conversation.sessionId ?? "";
    const { turn_id: turnId, message_id: messageId } =
      entry.kind === "regenerate"
        ? await this.#api.regenerate({ ...entry.data, request_id: entry.requestId })
        : await this.#api.chat({ ...entry.data, session_id: sessionId } as BatchRequest);
    conversation.bind(entry.requestId, turnId, messageId);
    conversation.flush();
    conversation.forget(turnId);
    this.#events.onAnswered(conversation, entry);
    await this.#load(sessionId);
  }

  /** A turn that began and failed is stored, with what had been written; one that was refused is not. */
  async #fail(conversation: Conversation, entry: OutboxEntry, failure: Failure): Promise<void> {
    const known = new Set(conversation.messages.map((message) => message.id));
    if (conversation.sessionId !== null) await this.#load(conversation.sessionId);
    const stored = conversation.messages.some(
      (message) =>
        message.id !== null &&
        message.role === "user" &&
        !known.has(message.id) &&
        entry.kind === "request" &&
        message.content === entry.data.message,
    );
    if (stored) {
      conversation.discard(entry.requestId);
      this.#events.onAnswered(conversation, entry);
    } else {
      this.#events.onRefused(conversation, entry, failure);
    }
  }
}
