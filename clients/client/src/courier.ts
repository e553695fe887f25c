import type { ClientFrame, ServerFrame } from "@millrace/protocol";
import type { Api } from "./api.ts";
import { BatchAsker } from "./batch.ts";
import type { Conversation } from "./conversation.ts";
import type { Conversations } from "./conversations.ts";
import type { Failure } from "./errors.ts";
import type { Outbox, OutboxEntry } from "./outbox.ts";

/** What requests are sent by. */
export interface Line {
  /** Whether frames can be sent now. */
  isOpen(): boolean;
  /** Whether answers are asked for as a whole, over HTTP. */
  whole(): boolean;
  send(frame: ClientFrame): boolean;
}

export interface CourierOptions {
  readonly api: Api;
  readonly outbox: Outbox;
  readonly conversations: Conversations;
  readonly line: Line;
  readonly load: (sessionId: string) => Promise<void>;
  /** A request has been answered as a whole. */
  readonly onAnswered: () => void;
  readonly onRefused: (failure: Failure) => void;
  readonly onUnreachable: (failure: Failure) => void;
}

/** Brings requests to the server, each until it was heard of, and knows what becomes of them meanwhile. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #outbox: Outbox;
  readonly #conversations: Conversations;
  readonly #batch: BatchAsker;
  /** What the server would not take, for whoever wants to send it again. */
  readonly #refused = new Map<string, OutboxEntry>();

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#outbox = options.outbox;
    this.#conversations = options.conversations;
    this.#batch = new BatchAsker(options.api, options.load, {
      onSession: (conversation, sessionId) => this.#conversations.name(conversation, sessionId),
      onAnswered: (_, { requestId }) => this.#onAnswered(requestId),
      onRefused: (_, entry, failure) => this.refuse(entry, failure),
      onUnreachable: (failure) => options.onUnreachable(failure),
    });
    for (const entry of this.#outbox.entries) this.#show(entry);
    this.wait();
  }

  /** Shows a request, keeps it, and sends it as soon as that is possible. */
  submit(entry: OutboxEntry): void {
    this.#show(entry);
    this.#outbox.add(entry);
    if (this.#isReady()) this.#bring(entry);
    else this.wait();
    this.#conversations.flush();
  }

  /** There is a connection: everything that was not heard of goes out. */
  bringAll(): void {
    for (const entry of this.#outbox.entries) {
      this.#conversations.obtain(entry.key).wait(entry.requestId, false);
      this.#bring(entry);
    }
  }

  /** There is no connection: what was not heard of waits for one. */
  wait(): void {
    for (const { key, requestId } of this.#outbox.entries) {
      if (!this.#batch.has(requestId)) this.#conversations.obtain(key).wait(requestId, true);
    }
  }

  /** The request that a frame answers: by its id, else the oldest of the session, else of a new one. */
  asked({ data }: Exclude<ServerFrame, { type: "pong" }>): OutboxEntry | undefined {
    if ("request_id" in data && data.request_id) return this.#outbox.find(data.request_id);
    const sessionOf = ({ key }: OutboxEntry) => this.#conversations.obtain(key).sessionId;
    const { entries } = this.#outbox;
    const own = entries.find((one) => data.session_id && sessionOf(one) === data.session_id);
    return own ?? entries.find((one) => sessionOf(one) === null);
  }

  /** A request was heard of: its conversation has got a session, for which others may wait. */
  heard({ requestId, key }: OutboxEntry): void {
    this.#outbox.remove(requestId);
    if (key.startsWith("draft:")) this.#bringWaiting(key);
  }

  refuse(entry: OutboxEntry, failure: Failure): void {
    this.#outbox.remove(entry.requestId);
    this.#refused.set(entry.requestId, entry);
    this.#conversations.obtain(entry.key).refuse(entry.requestId, failure);
    this.#options.onRefused(failure);
  }

  /** Gives back a refused request, and takes it out of the conversation. */
  takeRefused(sessionKey: string, requestId: string): OutboxEntry | undefined {
    const entry = this.#refused.get(requestId);
    if (entry?.kind !== "request") return undefined;
    this.#refused.delete(requestId);
    this.#conversations.obtain(sessionKey).discard(requestId);
    return entry;
  }

  /** Takes back a request that the server has not answered yet, and no longer shows it. */
  withdraw(requestId: string): void {
    const entry = this.#outbox.find(requestId);
    if (!entry) return;
    this.#outbox.remove(requestId);
    this.#conversations.obtain(entry.key).discard(requestId);
    if (entry.key.startsWith("draft:")) this.#bringWaiting(entry.key);
  }

  /** Takes back all requests of a conversation. */
  withdrawAll(conversation: Conversation): void {
    for (const { key, requestId } of this.#outbox.entries) {
      if (this.#conversations.obtain(key) === conversation) this.withdraw(requestId);
    }
  }

  clear(): void {
    this.#outbox.clear();
    this.#refused.clear();
  }

  #isReady(): boolean {
    const { line } = this.#options;
    return line.isOpen() || line.whole();
  }

  #show(entry: OutboxEntry): void {
    this.#conversations.obtain(entry.key).begin(entry);
  }

  #bring(entry: OutboxEntry): void {
    const { line } = this.#options;
    const conversation = this.#conversations.obtain(entry.key);
    const { sessionId } = conversation;
    if (sessionId === null) {
      // Only the first request of a new conversation creates the session; the others wait for its id.
      const first = this.#outbox.entries.find((one) => one.key === entry.key);
      if (first !== entry) return;
    }
    if (this.#batch.has(entry.requestId)) return;
    if (line.whole()) {
      void this.#batch.ask(conversation, entry);
      return;
    }
    if (entry.kind === "regenerate") {
      line.send({
        type: "chat_regenerate",
        data: { ...entry.data, request_id: entry.requestId },
      });
      return;
    }
    const data = sessionId === null ? entry.data : { ...entry.data, session_id: sessionId };
    line.send({ type: "chat_request", data });
  }

  #bringWaiting(key: string): void {
    if (!this.#isReady()) return;
    for (const waiting of this.#outbox.entries) if (waiting.key === key) this.#bring(waiting);
  }

  /** What was asked for as a whole has been answered. */
  #onAnswered(requestId: string): void {
    const key = this.#outbox.find(requestId)?.key;
    this.#outbox.remove(requestId);
    if (key !== undefined) this.#bringWaiting(key);
    this.#options.onAnswered();
  }
}
