import type { Session, SessionPage } from "@millrace/protocol";
import type { Api } from "./api.ts";
import { ApiError, type Failure } from "./errors.ts";
import { type Readable, Store } from "./store.ts";
import type { Tabs } from "./tabs.ts";

export interface SessionListState {
  /** Newest activity first. */
  readonly sessions: readonly Session[];
  readonly loading: "idle" | "loading" | "ready" | "failed";
  readonly error: Failure | null;
  readonly nextCursor: string | null;
}

const LONGEST_HINT = 80;

const EMPTY: SessionListState = { sessions: [], loading: "idle", error: null, nextCursor: null };

/** The person's conversations. Changes show at once and are taken back where the server refuses them. */
export class SessionList {
  readonly #api: Api;
  readonly #tabs: Tabs | null;
  readonly #state = new Store<SessionListState>(EMPTY);
  /** What a session without a title is called meanwhile: its first question. */
  readonly #hints = new Map<string, string>();
  #refreshing = false;
  #again = false;

  constructor(api: Api, tabs: Tabs | null) {
    this.#api = api;
    this.#tabs = tabs;
  }

  get state(): Readable<SessionListState> {
    return this.#state;
  }

  /** Names a session by its first question until the server has given it a title. */
  hint(id: string, question: string): void {
    const title = question.split("\n", 1)[0]?.trim().slice(0, LONGEST_HINT) ?? "";
    if (title === "" || this.#hints.has(id)) return;
    this.#hints.set(id, title);
    this.#put(id, (session) => this.#named(session));
  }

  /** Reads the newest page again. Calls during a refresh are joined into one more. */
  async refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true;
      return;
    }
    this.#refreshing = true;
    try {
      do {
        this.#again = false;
        await this.#readFirst();
      } while (this.#again);
    } finally {
      this.#refreshing = false;
    }
  }

  /** Adds the page after what is shown. */
  async more(): Promise<void> {
    const { nextCursor } = this.#state.get();
    if (nextCursor === null) return;
    const page = this.#withNames(await this.#api.sessions({ cursor: nextCursor }));
    this.#state.update((state) => ({
      ...state,
      sessions: joined(state.sessions, page.sessions),
      nextCursor: page.next_cursor,
    }));
  }

  /** Throws `ApiError` after the old title is back. */
  async rename(id: string, title: string): Promise<void> {
    const before = this.#state.get().sessions.find((session) => session.id === id);
    this.#put(id, (session) => ({ ...session, title }));
    try {
      const renamed = await this.#api.renameSession(id, title);
      this.#put(id, () => renamed);
      this.#tabs?.post({ kind: "sessions-changed", sessionId: id });
    } catch (error) {
      if (before) this.#put(id, () => before);
      throw error;
    }
  }

  /** Throws `ApiError` after the session is back in the list. */
  async remove(id: string): Promise<void> {
    const before = this.#state.get().sessions;
    this.#state.update((state) => ({
      ...state,
      sessions: state.sessions.filter((session) => session.id !== id),
    }));
    try {
      await this.#api.deleteSession(id);
      this.#tabs?.post({ kind: "sessions-changed", sessionId: id });
    } catch (error) {
      this.#state.update((state) => ({ ...state, sessions: before }));
      throw error;
    }
  }

  clear(): void {
    this.#hints.clear();
    this.#state.set(EMPTY);
  }

  async #readFirst(): Promise<void> {
    if (this.#state.get().loading === "idle") {
      this.#state.update((state) => ({ ...state, loading: "loading" }));
    }
    try {
      const page = this.#withNames(await this.#api.sessions());
      const isFirst = this.#state.get().nextCursor === null;
      this.#state.update((state) => ({
        // Pages that were loaded further down stay; what is newer than them must be in this one.
        sessions: isFirst
          ? page.sessions
          : joined(page.sessions, olderThan(page.sessions.at(-1), state.sessions)),
        loading: "ready",
        error: null,
        nextCursor: isFirst ? page.next_cursor : state.nextCursor,
      }));
    } catch (error) {
      const failure = error instanceof ApiError ? error : ApiError.unreachable(error);
      this.#state.update((state) => ({ ...state, loading: "failed", error: failure }));
    }
  }

  #withNames(page: SessionPage): SessionPage {
    return { ...page, sessions: page.sessions.map((session) => this.#named(session)) };
  }

  #named(session: Session): Session {
    const hint = this.#hints.get(session.id);
    return session.title === "" && hint ? { ...session, title: hint } : session;
  }

  #put(id: string, change: (session: Session) => Session): void {
    this.#state.update((state) => ({
      ...state,
      sessions: state.sessions.map((session) => (session.id === id ? change(session) : session)),
    }));
  }
}

function joined(first: readonly Session[], second: readonly Session[]): Session[] {
  const known = new Set(first.map((session) => session.id));
  return [...first, ...second.filter((session) => !known.has(session.id))];
}

function olderThan(last: Session | undefined, sessions: readonly Session[]): Session[] {
  return last ? sessions.filter((session) => session.updated_at < last.updated_at) : [];
}
