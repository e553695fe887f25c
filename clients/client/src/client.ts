import type { ChatError, ConnectionConfig, ServerFrame, TurnFrame } from "@millrace/protocol";
import { Api } from "./api.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Connection, type ConnectionStatus } from "./connection.ts";
import type { Conversation } from "./conversation.ts";
import { Conversations } from "./conversations.ts";
import { Courier } from "./courier.ts";
import { ApiError, failureOf } from "./errors.ts";
import { Holders } from "./holders.ts";
import { randomId } from "./ids.ts";
import { SessionLoader } from "./loader.ts";
import { browserNetwork } from "./network.ts";
import type { ChatClientOptions, ClientEvent, RegenerateOptions, SendOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { Poller } from "./poller.ts";
import { onNextPaint } from "./schedule.ts";
import { SessionList } from "./sessions.ts";
import { Emitter, type Readable } from "./store.ts";
import { browserTabs, type TabMessage, type Tabs } from "./tabs.ts";
import { environmentTransport } from "./transport.ts";
import { hasEnded, hasGap, type Turn } from "./turn.ts";
import { verify } from "./verify.ts";
import { chatWays, type TransportKind } from "./ways.ts";

const TRANSPORTS: readonly TransportKind[] = ["websocket", "sse", "batch"];

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
  readonly #courier: Courier;
  /** Looks after running turns where no stream brings them. */
  readonly #poller: Poller;
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
    this.#poller = new Poller(this.#clock, this.#conversations, this.#loader);
    const { transport = environmentTransport(), transports = TRANSPORTS } = options;
    this.#connection = new Connection({
      ways: chatWays(this.api, this.#clock, transport, transports),
      clock: this.#clock,
      random: options.random ?? Math.random,
      network: options.network ?? browserNetwork(),
      onOpen: () => this.#onOpen(),
      onFrame: (frame) => this.#onFrame(frame),
    });
    this.#courier = this.#newCourier();
    this.#connection.status.subscribe(() => this.#onStatus());
    const [start, stop] = [() => this.#start(), () => this.#stop()];
    this.#holders = new Holders(this.#clock, start, stop);
  }

  get connection(): Readable<ConnectionStatus> {
    return this.#connection.status;
  }

  /** Keys of conversations whose first message the server has not taken yet, oldest first. */
  get drafts(): string[] {
    const keys = new Set(this.#outbox.entries.map((entry) => entry.key));
    return [...keys].filter((key) => this.#conversations.obtain(key).sessionId === null);
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
    this.#courier.submit({
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
    this.#courier.submit({
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
    const { transport } = this.#connection.status.get();
    if (transport === null) this.#courier.withdrawAll(conversation);
    const { sessionId } = conversation;
    if (sessionId !== null && conversation.state.get().busy) {
      if (transport === "batch") void this.#stopWhole(sessionId);
      else if (!this.#sendStop(sessionId) && conversation.running.length > 0) {
        this.#stops.add(sessionId);
      }
    }
    // What was held would hide that it has stopped.
    this.continue(sessionKey);
    this.#conversations.flush();
  }

  /** Sends a refused message again, in the place of the refused one. */
  resend(sessionKey: string, requestId: string): void {
    const entry = this.#courier.takeRefused(sessionKey, requestId);
    if (entry?.kind !== "request") return;
    const { message, request_id: _id, session_id: _session, ...options } = entry.data;
    this.send(sessionKey, message, options);
  }

  /** Takes back a message that waits for a connection. One that the server got meanwhile is answered all the same. */
  withdraw(requestId: string): void {
    this.#courier.withdraw(requestId);
    this.#conversations.flush();
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
    this.#courier.clear();
    this.#conversations.clear();
    this.#stops.clear();
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

  #newCourier(): Courier {
    return new Courier({
      api: this.api,
      outbox: this.#outbox,
      conversations: this.#conversations,
      line: {
        isOpen: () => this.#connection.isOpen,
        // Because somebody wants it so, or nothing else gets through.
        whole: () => !this.realtime || this.#connection.status.get().transport === "batch",
        send: (frame) => this.#connection.send(frame),
      },
      load: (sessionId) => this.open(sessionId),
      onAnswered: () => void this.sessions.refresh(),
      onRefused: (failure) => this.#events.emit({ kind: "refused", failure }),
      onUnreachable: (failure) => this.#connection.lose(failure),
    });
  }

  #sendStop(sessionId: string): boolean {
    return this.#connection.send({ type: "chat_stop", data: { session_id: sessionId } });
  }

  async #stopWhole(sessionId: string): Promise<void> {
    try {
      await this.api.stop({ session_id: sessionId });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code !== "NO_ACTIVE_STREAM") this.#events.emit({ kind: "refused", failure: error });
    }
  }

  #resume(turn: Turn): void {
    const { turnId, sessionId, lastSeq } = turn;
    this.#connection.send({ type: "chat_resume", data: { turn_id: turnId, after_seq: lastSeq } });
    // A new connection knows nothing of what the one before it was told to hold.
    if (this.#conversations.get(sessionId)?.isPaused(turnId)) {
      this.#connection.send({ type: "chat_pause", data: { turn_id: turnId } });
    }
  }

  #onStatus(): void {
    const { state, transport } = this.#connection.status.get();
    if (transport !== "batch") this.#poller.stop();
    if (state === "connected") return;
    this.#courier.wait();
    this.#conversations.flush();
  }

  #onOpen(): void {
    const whole = this.#connection.status.get().transport === "batch";
    if (whole) this.#poller.start();
    if (Object.keys(this.#config).length > 0) {
      this.#connection.send({ type: "chat_config", data: { config: this.#config } });
    }
    for (const conversation of this.#conversations.all()) {
      for (const turn of conversation.running) this.#resume(turn);
    }
    this.#courier.bringAll();
    for (const sessionId of this.#stops) {
      if (whole) void this.#stopWhole(sessionId);
      else this.#sendStop(sessionId);
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
    const entry = this.#courier.asked(frame);
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
    this.#courier.heard(entry);
    this.#loader.nameByQuestion(conversation);
    // A new version that was asked for before a reload has no place yet: the server knows which.
    if (!conversation.turn(turnId)) void this.open(sessionId);
    this.#tabs?.post({ kind: "turn-started", sessionId });
    void this.sessions.refresh();
    return conversation;
  }

  /** An error that belongs to no log: a command was refused. */
  #onRefusal(frame: ChatError): void {
    const { error, turn_id: turnId, session_id: sessionId } = frame.data;
    const failure = failureOf(error);
    const conversation = sessionId ? this.#conversations.get(sessionId) : undefined;
    if (error.code === "UNAUTHORIZED" && this.#connection.renew()) {
      // A sign-in ends while a connection lasts. What was refused is said again to the next one; so is a stop.
      if (sessionId && !turnId && !frame.data.request_id) this.#stops.add(sessionId);
      return;
    }
    if (turnId && conversation?.turn(turnId)) {
      void this.#loader.recheck(conversation, turnId);
      return;
    }
    if (error.code === "NO_ACTIVE_STREAM") {
      if (sessionId && conversation?.state.get().busy) void this.open(sessionId);
      return;
    }
    const entry = this.#courier.asked(frame);
    if (entry) this.#courier.refuse(entry, failure);
    else this.#events.emit({ kind: "refused", failure });
  }

  async #onEnd(conversation: Conversation, turn: Turn): Promise<void> {
    const { turnId, finalText, text } = turn;
    if (finalText !== null && finalText !== text) conversation.correct(turnId, finalText);
    const verdict = await verify(turn);
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
