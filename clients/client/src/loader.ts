import type { Api } from "./api.ts";
import type { Conversation } from "./conversation.ts";
import type { Conversations } from "./conversations.ts";
import { ApiError } from "./errors.ts";
import type { SessionList } from "./sessions.ts";
import type { Turn } from "./turn.ts";

/** Brings conversations up to what the server has stored. */
export class SessionLoader {
  readonly #api: Api;
  readonly #conversations: Conversations;
  readonly #sessions: SessionList;
  readonly #onFound: (turn: Turn) => void;
  /** Sessions whose older messages are on their way. */
  readonly #older = new Set<string>();
  readonly #loads = new Map<string, Promise<void>>();

  /** @param onFound Called for each running turn that was not known before. */
  constructor(
    api: Api,
    conversations: Conversations,
    sessions: SessionList,
    onFound: (turn: Turn) => void,
  ) {
    this.#api = api;
    this.#conversations = conversations;
    this.#sessions = sessions;
    this.#onFound = onFound;
  }

  /** Asked for twice at once, it loads once. Failures are told in the conversation's state. */
  load(sessionId: string): Promise<void> {
    const running = this.#loads.get(sessionId);
    if (running) return running;
    const load = this.#load(sessionId).finally(() => this.#loads.delete(sessionId));
    this.#loads.set(sessionId, load);
    return load;
  }

  /** Adds the messages before the oldest that is shown. Throws `ApiError`. */
  async older(conversation: Conversation): Promise<void> {
    const { sessionId, hasOlder, messages } = conversation.state.get();
    const first = messages.find((message) => message.id !== null)?.id;
    if (sessionId === null || !hasOlder || !first || this.#older.has(sessionId)) return;
    this.#older.add(sessionId);
    try {
      conversation.prepend(await this.#api.session(sessionId, { before: first }));
    } finally {
      this.#older.delete(sessionId);
    }
    this.#conversations.flush();
  }

  /** Settles a turn that could not be resumed: it has ended and is stored, or it is lost. */
  async recheck(conversation: Conversation, turnId: string): Promise<void> {
    const { sessionId } = conversation;
    if (sessionId === null) return;
    try {
      const detail = await this.#api.session(sessionId);
      const stored = detail.messages.some((message) => message.turn_id === turnId);
      const runs = detail.running.some((running) => running.turn_id === turnId);
      if (stored) conversation.forget(turnId);
      conversation.hydrate(detail);
      if (!stored && !runs) conversation.lose(turnId);
    } catch (error) {
      // Not reachable just now: the next connection resumes the turn and comes back here.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Lets the list name a session that has no title yet. */
  nameByQuestion({ sessionId, messages }: Conversation): void {
    const first = messages.find((message) => message.role === "user");
    if (sessionId !== null && first) this.#sessions.hint(sessionId, first.content);
  }

  async #load(sessionId: string): Promise<void> {
    const conversation = this.#conversations.obtain(sessionId);
    if (conversation.state.get().loading !== "ready") conversation.change({ loading: "loading" });
    try {
      const detail = await this.#api.session(sessionId);
      const followed = new Set(conversation.running.map((turn) => turn.turnId));
      conversation.hydrate(detail);
      this.nameByQuestion(conversation);
      for (const turn of conversation.running) {
        if (!followed.has(turn.turnId)) this.#onFound(turn);
      }
    } catch (error) {
      const failure = error instanceof ApiError ? error : ApiError.unreachable(error);
      const shown = conversation.state.get().loading === "ready";
      if (!shown || failure.code === "NOT_FOUND") {
        conversation.change({ loading: "failed", error: failure });
      }
    }
    this.#conversations.flush();
  }
}
