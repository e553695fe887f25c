import type { Message, RunningTurn, SessionDetail, TurnFrame } from "@millrace/protocol";
import { type ConversationState, LOST, type Unanswered } from "./conversationState.ts";
import type { Failure } from "./errors.ts";
import {
  type ChatMessage,
  isPending,
  localMessage,
  storedMessage,
  withPassed,
  withTurn,
} from "./messages.ts";
import type { OutboxEntry } from "./outbox.ts";
import { type Readable, Store } from "./store.ts";
import { foldFrame, hasEnded, newTurn, type Turn } from "./turn.ts";

/**
 * One conversation on this client: what the server has stored, the turns that run, and what was sent but not
 * yet taken. Changes are collected; `flush` publishes them as one new state.
 */
export class Conversation {
  readonly #state: Store<ConversationState>;
  readonly #onDirty: (conversation: Conversation) => void;
  readonly #turns = new Map<string, Turn>();
  /** The message that shows a turn. */
  readonly #answers = new Map<string, string>();
  readonly #unanswered = new Map<string, Unanswered>();
  readonly #dirtyTurns = new Set<string>();
  /** Turns whose delivery is held. */
  readonly #paused = new Set<string>();
  /** Turns that the server no longer knows; this page is the only place that still shows them. */
  readonly #lost = new Set<string>();
  #draft: ConversationState;

  constructor(sessionId: string | null, onDirty: (conversation: Conversation) => void) {
    this.#onDirty = onDirty;
    this.#draft = {
      sessionId,
      session: null,
      loading: "idle",
      error: null,
      messages: [],
      busy: false,
      paused: false,
      hasOlder: false,
    };
    this.#state = new Store(this.#draft);
  }

  get state(): Readable<ConversationState> {
    return this.#state;
  }

  get sessionId(): string | null {
    return this.#draft.sessionId;
  }

  /** As they stand, published or not. */
  get messages(): readonly ChatMessage[] {
    return this.#draft.messages;
  }

  /** The turns that have not ended. */
  get running(): Turn[] {
    return [...this.#turns.values()].filter((turn) => !hasEnded(turn));
  }

  turn(turnId: string): Turn | undefined {
    return this.#turns.get(turnId);
  }

  isPaused(turnId: string): boolean {
    return this.#paused.has(turnId);
  }

  /** Holds what runs, or lets it go on. Returns the turns for which that is new. */
  hold(paused: boolean): string[] {
    const changed = paused
      ? this.running.map((turn) => turn.turnId).filter((turnId) => !this.#paused.has(turnId))
      : [...this.#paused];
    for (const turnId of changed) {
      if (paused) this.#paused.add(turnId);
      else this.#paused.delete(turnId);
    }
    if (changed.length > 0) this.#touch();
    return changed;
  }

  message(id: string): ChatMessage | undefined {
    return this.#draft.messages.find((message) => message.id === id);
  }

  change(change: Partial<Pick<ConversationState, "sessionId" | "session" | "loading" | "error">>) {
    this.#set(change);
  }

  /** Shows a request at once, before the server has it. */
  begin(entry: OutboxEntry): void {
    const { requestId } = entry;
    if (this.#unanswered.has(requestId)) return;
    if (entry.kind === "regenerate") {
      const previous = this.message(entry.data.message_id);
      if (!previous) return;
      const answerKey = previous.key;
      this.#unanswered.set(requestId, { answerKey, userKey: null, previous });
      this.#replace(answerKey, (message) =>
        localMessage({
          key: message.key,
          role: "assistant",
          content: "",
          status: this.#draft.busy ? "queued" : "sending",
          createdAt: message.createdAt,
          id: message.id,
          requestId,
          version: message.versionCount + 1,
          versionCount: message.versionCount + 1,
        }),
      );
      return;
    }
    const userKey = `${requestId}:user`;
    const answerKey = `${requestId}:answer`;
    const status = this.#draft.busy ? "queued" : "sending";
    const common = { status, requestId, createdAt: entry.createdAt } as const;
    this.#unanswered.set(requestId, { answerKey, userKey, previous: null });
    this.#set({
      messages: [
        ...this.#draft.messages,
        localMessage({ key: userKey, role: "user", content: entry.data.message, ...common }),
        localMessage({ key: answerKey, role: "assistant", content: "", ...common }),
      ],
    });
  }

  /** Says whether a request that was not answered yet waits for a connection. */
  wait(requestId: string, waiting: boolean): void {
    const unanswered = this.#unanswered.get(requestId);
    if (!unanswered) return;
    const { userKey, answerKey } = unanswered;
    const { messages } = this.#draft;
    const first = messages.findIndex(({ key }) => key === (userKey ?? answerKey));
    const behind = messages.slice(0, first).some(isPending);
    const status = waiting ? "waiting" : behind ? "queued" : "sending";
    if (messages[first]?.status === status) return;
    for (const key of [userKey, answerKey]) {
      if (key !== null) this.#replace(key, (message) => ({ ...message, status }));
    }
  }

  /** Joins a turn to the request it answers. */
  bind(requestId: string, turnId: string, messageId: string): void {
    const unanswered = this.#unanswered.get(requestId);
    if (!unanswered) return;
    this.#unanswered.delete(requestId);
    this.#turns.set(turnId, newTurn(turnId, this.sessionId ?? "", messageId));
    this.#answers.set(turnId, unanswered.answerKey);
    this.#dirtyTurns.add(turnId);
    if (unanswered.userKey) {
      this.#replace(unanswered.userKey, (message) => ({ ...message, status: "complete", turnId }));
    }
    this.#touch();
  }

  /** The request was refused: no turn will answer it. */
  refuse(requestId: string, failure: Failure): void {
    const unanswered = this.#unanswered.get(requestId);
    if (!unanswered) return;
    this.#unanswered.delete(requestId);
    const { previous } = unanswered;
    this.#replace(unanswered.answerKey, (message) => ({
      ...(previous ?? message),
      status: "failed",
      error: failure,
    }));
    if (unanswered.userKey) {
      this.#replace(unanswered.userKey, (message) => ({ ...message, status: "failed" }));
    }
  }

  /** Takes a request that nothing answers, and its place for an answer, away again. */
  discard(requestId: string): void {
    const previous = this.#unanswered.get(requestId)?.previous;
    this.#unanswered.delete(requestId);
    if (previous) this.#replace(previous.key, () => previous);
    this.#set({
      messages: this.#draft.messages.filter(
        (message) => message.requestId !== requestId || message.turnId !== null,
      ),
    });
  }

  /** Adds a frame to its turn, which must be known. */
  apply(turnId: string, frame: TurnFrame): Turn | undefined {
    const turn = this.#turns.get(turnId);
    if (!turn) return undefined;
    const next = foldFrame(turn, frame);
    if (next !== turn) this.#store(next);
    return next;
  }

  /** Replaces a turn's text by the text that its digest vouches for. */
  correct(turnId: string, text: string): void {
    const turn = this.#turns.get(turnId);
    if (turn) this.#store({ ...turn, text });
  }

  /** Takes over what the server has stored, and keeps what runs or waits here. */
  hydrate(detail: SessionDetail): void {
    for (const running of detail.running) this.#recognise(running);
    const known = this.#draft.messages;
    const messages = detail.messages.map((message) => this.#fromStored(message, known));
    // What was loaded further up stays.
    const begin = known.findIndex((message) => message.id === detail.messages[0]?.id);
    messages.unshift(...known.slice(0, Math.max(begin, 0)));
    const stored = messages.length;
    for (const running of detail.running) this.#addRunning(running, messages, known);
    const shown = new Set(messages.map((message) => message.key));
    const local = known.filter((message) => !shown.has(message.key) && this.#isOnlyHere(message));
    this.#set({
      sessionId: detail.session.id,
      session: detail.session,
      loading: "ready",
      error: null,
      messages: [...messages, ...local],
      hasOlder: stored < detail.session.message_count,
    });
  }

  /** Adds what the server has before the first message here. */
  prepend({ messages, session }: SessionDetail): void {
    const known = new Set(this.#draft.messages.map((message) => message.id));
    const older = messages
      .filter((message) => !known.has(message.id))
      .map((message) => storedMessage(message, message.id));
    const all = [...older, ...this.#draft.messages];
    const stored = all.filter((message) => message.id !== null).length;
    this.#set({ messages: all, hasOlder: older.length > 0 && stored < session.message_count });
  }

  /** One stored message in its new form, after its version was changed for example. */
  put(message: Message): void {
    const known = this.message(message.id);
    if (known) this.#replace(known.key, () => storedMessage(message, known.key));
  }

  /** Stops following a turn, so that what is stored takes its place. */
  forget(turnId: string): void {
    this.#turns.delete(turnId);
    this.#answers.delete(turnId);
    this.#dirtyTurns.delete(turnId);
  }

  /** Ends a turn that the server no longer knows. */
  lose(turnId: string): void {
    const turn = this.#turns.get(turnId);
    if (!turn || hasEnded(turn)) return;
    this.#lost.add(turnId);
    this.#store({ ...turn, phase: "failed", error: LOST });
  }

  /** Publishes what has changed since the last time. */
  flush(): void {
    if (this.#dirtyTurns.size > 0) {
      const messages = [...this.#draft.messages];
      for (const turnId of this.#dirtyTurns) {
        const key = this.#answers.get(turnId);
        const index = messages.findLastIndex((message) => message.key === key);
        const message = messages[index];
        const turn = this.#turns.get(turnId);
        if (!message || !turn) continue;
        messages[index] = withTurn(message, turn);
        const asked = messages[index - 1];
        if (turn.userEmotion && asked?.role === "user" && asked.turnId === turnId) {
          messages[index - 1] = { ...asked, emotion: turn.userEmotion };
        }
      }
      this.#dirtyTurns.clear();
      this.#draft = { ...this.#draft, messages };
    }
    const busy = this.#draft.messages.some(isPending);
    for (const turn of this.#turns.values()) if (hasEnded(turn)) this.#paused.delete(turn.turnId);
    const paused = this.#paused.size > 0;
    if (busy !== this.#draft.busy || paused !== this.#draft.paused) {
      this.#draft = { ...this.#draft, busy, paused };
    }
    this.#state.set(this.#draft);
  }

  #fromStored(message: Message, known: readonly ChatMessage[]): ChatMessage {
    const before =
      known.find((candidate) => candidate.id === message.id) ??
      known.find(
        (candidate) => candidate.role === message.role && candidate.turnId === message.turn_id,
      );
    const stored = storedMessage(message, before?.key ?? message.id);
    if (!before) return stored;
    const live = before.turnId === null ? undefined : this.#turns.get(before.turnId);
    const waiting = [...this.#unanswered.values()].some((one) => one.answerKey === before.key);
    if (message.role === "assistant" && (waiting || (live && !hasEnded(live)))) return before;
    return before.turnId === message.turn_id ? withPassed(stored, before) : stored;
  }

  #addRunning(running: RunningTurn, messages: ChatMessage[], known: readonly ChatMessage[]): void {
    const { turn_id: turnId, message_id: messageId } = running;
    if (!this.#turns.has(turnId)) {
      this.#turns.set(turnId, newTurn(turnId, running.user_message.session_id, messageId));
    }
    const user = running.user_message;
    const index = messages.findIndex((message) => message.id === messageId);
    const before = messages[index];
    const answerBefore = known.find((message) => message.key === this.#answers.get(turnId));
    if (before) {
      messages[index] = { ...before, turnId, status: answerBefore?.status ?? "thinking" };
    } else {
      const userBefore = known.find((one) => one.role === "user" && one.turnId === turnId);
      if (!messages.some((message) => message.id === user.id)) {
        messages.push({ ...storedMessage(user, userBefore?.key ?? user.id), status: "complete" });
      }
      messages.push(
        answerBefore ??
          localMessage({
            key: messageId,
            id: messageId,
            role: "assistant",
            content: "",
            status: running.state === "queued" ? "queued" : "thinking",
            turnId,
            createdAt: user.created_at,
          }),
      );
    }
    const key = before?.key ?? answerBefore?.key ?? messageId;
    this.#answers.set(turnId, key);
    this.#dirtyTurns.add(turnId);
  }

  /** What was asked here before a reload, and is being answered without a word of it so far. */
  #recognise({ turn_id: turnId, message_id: messageId, user_message: { content } }: RunningTurn) {
    if (this.#turns.has(turnId)) return;
    for (const [requestId, { userKey }] of this.#unanswered) {
      const asked = this.#draft.messages.find((message) => message.key === userKey);
      if (asked?.content !== content) continue;
      this.bind(requestId, turnId, messageId);
      return;
    }
  }

  /** Whether the server's own list cannot have this message yet. */
  #isOnlyHere(message: ChatMessage): boolean {
    const turn = message.turnId === null ? undefined : this.#turns.get(message.turnId);
    if (turn) return !hasEnded(turn) || this.#lost.has(turn.turnId);
    return message.requestId !== null && message.id === null;
  }

  #store(turn: Turn): void {
    this.#turns.set(turn.turnId, turn);
    this.#dirtyTurns.add(turn.turnId);
    this.#touch();
  }

  #replace(key: string, change: (message: ChatMessage) => ChatMessage): void {
    this.#set({
      messages: this.#draft.messages.map((message) =>
        message.key === key ? change(message) : message,
      ),
    });
  }

  #set(change: Partial<ConversationState>): void {
    this.#draft = { ...this.#draft, ...change };
    this.#touch();
  }

  #touch(): void {
    this.#onDirty(this);
  }
}
