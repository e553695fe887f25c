import type { ChatError, ConnectionConfig, ServerFrame, TurnFrame } from "@millrace/protocol";
import { Api } from "./api.ts";
import { BatchAsker } from "./batch.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Connection, type ConnectionStatus } from "./connection.ts";
import type { Conversation } from "./conversation.ts";
import { Conversations } from "./conversations.ts";
import { type Failure, failureOf } from "./errors.ts";
import { Holders } from "./holders.ts";
import { randomId } from "./ids.ts";
import { SessionLoader } from "./loader.ts";
import { browserNetwork } from "./network.ts";
import type { ChatClientOptions, ClientEvent, RegenerateOptions, SendOptions } from "./options.ts";
import { Outbox, type OutboxEntry } from "./outbox.ts";
import { onNextPaint } from "./schedule.ts";
import { SessionList } from "./sessions.ts";
import { Emitter, type Readable } from "./store.ts";
import { browserTabs, type TabMessage, type Tabs } from "./tabs.ts";
import { webSocketTransport } from "./transport.ts";
import { hasEnded, hasGap, type Turn } from "./turn.ts";
import { verify } from "./verify.ts";

/**
 * The client of a Millrace server: one connection, any number of conversations, each turn resumed where it
 * was left.
 *
 * Conversations are named by a key: the session's id, or for a new one the key that `send` returns.
 */
export class ChatClient {
  readonly api: Api;
  readonly sessions: SessionList;
  /** Whether answers come piece by piece. Else each is asked for over HTTP, and comes once it is whole. */
  realtime = true;
  readonly #clock: Clock;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #tabs: Tabs | null;
  readonly #createId: () => string;
  readonly #conversations: Conversations;
  readonly #loader: SessionLoader;
  readonly #events = new Emitter<ClientEvent>();
  /** Sessions whose turn is to be stopped as soon as there is a connection. */
  readonly #stops = new Set<string>();
  /** What the server would not take, for whoever wants to send it again. */
  readonly #refused = new Map<string, OutboxEntry>();
  readonly #batch: BatchAsker;
  readonly #holders: Holders;
  #config: ConnectionConfig = {};
  #unsubscribeTabs: (() => void) | null = null;

  constructor(options: ChatClientOptions = {}) {
    this.api = options.api ?? new Api();
    this.#clock = options.clock ?? systemClock;
    this.#conversations = new Conversations(options.schedule ?? onNextPaint);
    this.#tabs = options.tabs === undefined ? browserTabs() : options.tabs;
    this.#createId = options.createId ?? randomId;
    this.#outbox = new Outbox(options.storage ?? null);
    this.sessions = new SessionList(this.api, this.#tabs);
    const resume = (turn: Turn) => this.#resume(turn);
    this.#loader = new SessionLoader(this.api, this.#conversations, this.sessions, resume);
    this.#batch = new BatchAsker(this.api, (sessionId) => this.open(sessionId), {
      onSession: (conversation, sessionId) => this.#conversations.name(conversation, sessionId),
      onAnswered: (_, { requestId }) => this.#onAsked(requestId),
      onRefused: (_, entry, failure) => this.#onRefused(entry, failure),
    });
    this.#connection = new Connection({
      transport: options.transport ?? webSocketTransport(),
      clock: this.#clock,
      random: options.random ?? Math.random,
      network: options.network ?? browserNetwork(),
      address: () => this.api.socketAddress("/api/ws/chat"),
      onOpen: () => this.#onOpen(),
      onFrame: (frame) => this.#onFrame(frame),
    });
    const [start, stop] = [() => this.#start(), () => this.#stop()];
    this.#holders = new Holders(this.#clock, start, stop);
    for (const entry of this.#outbox.entries) this.#conversations.obtain(entry.key).begin(entry);
  }

  get connection(): Readable<ConnectionStatus> {
    return this.#connection.status;
  }

  /** Keys of conversations whose first message the server has not taken yet, oldest first. */
  get drafts(): string[] {
    return this.#outbox.entries
      .map((entry) => entry.key)
      .filter((key) => this.#conversations.obtain(key).sessionId === null);
  }

  /** Connects, and stays connected until everybody who asked for it has let go. Returns what lets go. */
  connect(): () => void {
    return this.#holders.hold();
  }

  /** Tries to connect now. */
  reconnect(): void {
    this.#connection.retry();
  }

  on(listener: (event: ClientEvent) => void): () => void {
    return this.#events.on(listener);
  }

  conversation(key: string): Conversation {
    return this.#conversations.obtain(key);
  }

  /** Loads a session and follows what runs in it. Asked for twice at once, it loads once. */
  open(sessionId: string): Promise<void> {
    return this.#loader.load(sessionId);
  }

  /** Loads the messages before the oldest one that is shown, if there are any. Throws `ApiError`. */
  loadOlder(sessionId: string): Promise<void> {
    return this.#loader.older(this.#conversations.obtain(sessionId));
  }

  /**
   * Sends a message. It is shown at once and kept until the server has answered, over any number of lost
   * connections.
   *
   * @param sessionKey The conversation, or null for a new one.
   * @returns The conversation's key.
   */
  send(sessionKey: string | null, message: string, options: SendOptions = {}): string {
    const requestId = this.#createId();
    const key = sessionKey ?? `draft:${requestId}`;
    const { sessionId } = this.#conversations.obtain(key);
    this.#submit({
      kind: "request",
      requestId,
      key,
      createdAt: new Date(this.#clock.now()).toISOString(),
      data: {
        ...options,
        message,
        request_id: requestId,
        ...(sessionId === null ? {} : { session_id: sessionId }),
      },
    });
    return key;
  }

  /** Asks for a new version of an answer. */
  regenerate(sessionId: string, messageId: string, options: RegenerateOptions = {}): void {
    this.#submit({
      kind: "regenerate",
      requestId: this.#createId(),
      key: sessionId,
      createdAt: new Date(this.#clock.now()).toISOString(),
      data: { ...options, session_id: sessionId, message_id: messageId },
    });
  }

  /** Stops the session's running turn; what was not sent yet is taken back. */
  stop(sessionKey: string): void {
    const conversation = this.#conversations.obtain(sessionKey);
    const own = ({ key }: OutboxEntry) => this.#conversations.obtain(key) === conversation;
    for (const entry of this.#connection.isOpen ? [] : this.#outbox.entries.filter(own)) {
      this.#outbox.remove(entry.requestId);
      conversation.discard(entry.requestId);
    }
    const { sessionId } = conversation;
    if (sessionId !== null && conversation.state.get().busy) {
      const sent = this.#connection.send({ type: "chat_stop", data: { session_id: sessionId } });
      if (!sent && conversation.running.length > 0) this.#stops.add(sessionId);
    }
    // What was held would hide that it has stopped.
    this.continue(sessionKey);
    this.#conversations.flush();
  }

  /** Sends a refused message again, in the place of the refused one. */
  resend(sessionKey: string, requestId: string): void {
    const entry = this.#refused.get(requestId);
    if (entry?.kind !== "request") return;
    this.#refused.delete(requestId);
    this.#conversations.obtain(sessionKey).discard(requestId);
    const { message, request_id: _id, session_id: _session, ...options } = entry.data;
    this.send(sessionKey, message, options);
  }

  /** Changes how this client is served, now and after each reconnect. */
  configure(config: ConnectionConfig): void {
    this.#config = { ...this.#config, ...config };
    this.#connection.send({ type: "chat_config", data: { config } });
  }

  /** Holds what is being delivered of a session's answers; they go on being written. */
  pause(sessionKey: string): void {
    this.#hold(sessionKey, true);
  }

  /** Goes on with what was held, from where it was left. */
  continue(sessionKey: string): void {
    this.#hold(sessionKey, false);
  }

  /** Makes another version of an answer the one that counts. */
  async selectVersion(sessionId: string, messageId: string, number: number): Promise<void> {
    const message = await this.api.selectVersion(messageId, number);
    this.#conversations.obtain(sessionId).put(message);
    this.#conversations.flush();
  }

  /** Forgets everything about the signed-in person. */
  reset(): void {
    this.#outbox.clear();
    this.#conversations.clear();
    this.#stops.clear();
    this.#refused.clear();
    this.sessions.clear();
  }

  #hold(sessionKey: string, paused: boolean): void {
    const type = paused ? "chat_pause" : "chat_continue";
    for (const turnId of this.#conversations.obtain(sessionKey).hold(paused)) {
      this.#connection.send({ type, data: { turn_id: turnId } });
    }
    this.#conversations.flush();
  }

  #start(): void {
    this.#connection.start();
    this.#unsubscribeTabs ??= this.#tabs?.subscribe((message) => this.#onTab(message)) ?? null;
  }

  #stop(): void {
    this.#connection.stop();
    this.#unsubscribeTabs?.();
    this.#unsubscribeTabs = null;
  }

  #submit(entry: OutboxEntry): void {
    const conversation = this.#conversations.obtain(entry.key);
    conversation.begin(entry);
    this.#outbox.add(entry);
    if (this.#connection.isOpen || !this.realtime) this.#transmit(entry);
    this.#conversations.flush();
  }

  #transmit(entry: OutboxEntry): void {
    if (entry.kind === "regenerate") {
      const data = { ...entry.data, request_id: entry.requestId };
      this.#connection.send({ type: "chat_regenerate", data });
      return;
    }
    const { sessionId } = this.#conversations.obtain(entry.key);
    if (sessionId === null) {
      // Only the first request of a new conversation creates the session; the others wait for its id.
      const first = this.#outbox.entries.find((one) => one.key === entry.key);
      if (first !== entry) return;
    }
    if (this.#batch.has(entry.requestId)) return;
    if (!this.realtime) {
      void this.#batch.ask(this.#conversations.obtain(entry.key), entry);
      return;
    }
    const data = sessionId === null ? entry.data : { ...entry.data, session_id: sessionId };
    this.#connection.send({ type: "chat_request", data });
  }

  #resume(turn: Turn): void {
    const { turnId, sessionId, lastSeq } = turn;
    this.#connection.send({ type: "chat_resume", data: { turn_id: turnId, after_seq: lastSeq } });
    // A new connection knows nothing of what the one before it was told to hold.
    if (this.#conversations.get(sessionId)?.isPaused(turnId)) {
      this.#connection.send({ type: "chat_pause", data: { turn_id: turnId } });
    }
  }

  #onOpen(): void {
    if (Object.keys(this.#config).length > 0) {
      this.#connection.send({ type: "chat_config", data: { config: this.#config } });
    }
    for (const conversation of this.#conversations.all()) {
      for (const turn of conversation.running) this.#resume(turn);
    }
    for (const entry of this.#outbox.entries) this.#transmit(entry);
    for (const sessionId of this.#stops) {
      this.#connection.send({ type: "chat_stop", data: { session_id: sessionId } });
    }
    this.#stops.clear();
    if (this.sessions.state.get().loading === "failed") void this.sessions.refresh();
  }

  #onFrame(frame: ServerFrame): void {
    if (frame.type === "pong" || typeof frame.data !== "object" || frame.data === null) return;
    const { turn_id: turnId, seq } = frame.data;
    if (frame.type === "chat_error" && (!turnId || typeof seq !== "number")) {
      this.#onRefusal(frame);
      return;
    }
    if (!turnId) return;
    const conversation = this.#owner(turnId, frame);
    const before = conversation?.turn(turnId);
    const after = conversation?.apply(turnId, frame);
    if (!conversation || !before || !after || after === before) return;
    if (hasGap(after) && !hasGap(before)) this.#resume(after);
    if (hasEnded(after)) void this.#onEnd(conversation, after);
  }

  /** The conversation of a frame's turn. A turn seen for the first time is joined to its request. */
  #owner(turnId: string, frame: TurnFrame): Conversation | undefined {
    const { session_id: sessionId, message_id: messageId } = frame.data;
    if (!sessionId) return undefined;
    const known = this.#conversations.get(sessionId);
    if (known?.turn(turnId)) return known;
    const entry = this.#answered(frame);
    if (!entry) {
      // Begun elsewhere: the server knows the question that belongs to it.
      if (known) void this.open(sessionId);
      return undefined;
    }
    const conversation = this.#conversations.obtain(entry.key);
    if (conversation.sessionId === null) {
      this.#conversations.name(conversation, sessionId);
    }
    conversation.bind(entry.requestId, turnId, messageId ?? "");
    this.#outbox.remove(entry.requestId);
    this.#loader.nameByQuestion(conversation);
    for (const waiting of this.#outbox.entries) {
      if (waiting.key === entry.key && entry.key.startsWith("draft:")) this.#transmit(waiting);
    }
    this.#tabs?.post({ kind: "turn-started", sessionId });
    void this.sessions.refresh();
    return conversation;
  }

  /** The request that a frame answers: by its id, else the oldest of the session, else of a new one. */
  #answered({ data }: TurnFrame): OutboxEntry | undefined {
    if ("request_id" in data && data.request_id) return this.#outbox.find(data.request_id);
    const sessionOf = ({ key }: OutboxEntry) => this.#conversations.obtain(key).sessionId;
    const { entries } = this.#outbox;
    const own = entries.find((one) => data.session_id && sessionOf(one) === data.session_id);
    return own ?? entries.find((one) => sessionOf(one) === null);
  }

  /** An error that belongs to no log: a command was refused. */
  #onRefusal(frame: ChatError): void {
    const { error, turn_id: turnId, session_id: sessionId } = frame.data;
    const failure = failureOf(error);
    const conversation = sessionId ? this.#conversations.get(sessionId) : undefined;
    if (turnId && conversation?.turn(turnId)) {
      void this.#loader.recheck(conversation, turnId);
      return;
    }
    if (error.code === "NO_ACTIVE_STREAM") {
      if (sessionId && conversation?.state.get().busy) void this.open(sessionId);
      return;
    }
    const entry = this.#answered(frame);
    if (entry) this.#onRefused(entry, failure);
    else this.#events.emit({ kind: "refused", failure });
  }

  #onRefused(entry: OutboxEntry, failure: Failure): void {
    this.#outbox.remove(entry.requestId);
    this.#refused.set(entry.requestId, entry);
    this.#conversations.obtain(entry.key).refuse(entry.requestId, failure);
    this.#events.emit({ kind: "refused", failure });
  }

  /** What was asked for as a whole has been answered. */
  #onAsked(requestId: string): void {
    const key = this.#outbox.find(requestId)?.key;
    this.#outbox.remove(requestId);
    for (const waiting of this.#outbox.entries) if (waiting.key === key) this.#transmit(waiting);
    void this.sessions.refresh();
  }

  async #onEnd(conversation: Conversation, turn: Turn): Promise<void> {
    const { turnId, finalText, text } = turn;
    if (finalText !== null && finalText !== text) conversation.correct(turnId, finalText);
    const verdict = turn.phase === "complete" ? await verify(turn) : "good";
    if (verdict !== "good") {
      this.#events.emit({ kind: "digest-mismatch", turnId, healed: verdict === "healed" });
    }
    if (verdict === "wrong") {
      conversation.forget(turnId);
      await this.open(turn.sessionId);
    }
    this.#events.emit({ kind: "turn-ended", turn });
    this.#tabs?.post({ kind: "turn-ended", sessionId: turn.sessionId });
    void this.sessions.refresh();
    const waiting = conversation.state.get().messages.some((one) => one.status === "queued");
    const answer = conversation.message(turn.messageId);
    if (turn.sessionId && (waiting || (answer && answer.versionCount > 1))) {
      await this.open(turn.sessionId);
    }
  }

  #onTab(message: TabMessage): void {
    const { kind, sessionId } = message;
    const shown = sessionId !== null && this.#conversations.get(sessionId) !== undefined;
    if (kind !== "sessions-changed" && shown) void this.open(sessionId);
    void this.sessions.refresh();
  }
}
