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
  /** Sessions that are about to be deleted, for whoever wants them back. */
  readonly #hidden = new Map<string, Session>();
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
      sessions: joined(state.sessions, this.#visible(page.sessions)),
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

  /** Keeps a session at the top of the list, or no longer. Throws `ApiError` after all is as it was. */
  async pin(id: string, pinned: boolean): Promise<void> {
    this.#put(id, (session) => ({ ...session, pinned }));
    try {
      const changed = await this.#api.pinSession(id, pinned);
      this.#put(id, (session) => ({ ...session, pinned: changed.pinned }));
      this.#tabs?.post({ kind: "sessions-changed", sessionId: id });
    } catch (error) {
      this.#put(id, (session) => ({ ...session, pinned: !pinned }));
      throw error;
    }
  }

  /** Takes a session out of sight, so that deleting it can be thought over. `restore` brings it back. */
  hide(id: string): void {
    const session = this.#state.get().sessions.find((one) => one.id === id);
    if (!session) return;
    this.#hidden.set(id, session);
    this.#state.update((state) => ({ ...state, sessions: this.#visible(state.sessions) }));
  }

  restore(id: string): void {
    const session = this.#hidden.get(id);
    if (!session) return;
    this.#hidden.delete(id);
    this.#state.update((state) => ({
      ...state,
      sessions: joined(state.sessions, [session]).sort(byActivity),
    }));
  }

  /**
   * Deletes a session. Throws `ApiError` after it is back in the list.
   *
   * @param options `leaving`: the page is being closed, so nobody waits for the answer.
   */
  async remove(id: string, options: { leaving?: boolean } = {}): Promise<void> {
    this.hide(id);
    try {
      await this.#api.deleteSession(id, options);
      this.#hidden.delete(id);
      this.#tabs?.post({ kind: "sessions-changed", sessionId: id });
    } catch (error) {
      this.restore(id);
      throw error;
    }
  }

  clear(): void {
    this.#hints.clear();
    this.#hidden.clear();
    this.#state.set(EMPTY);
  }

  async #readFirst(): Promise<void> {
    if (this.#state.get().loading === "idle") {
      this.#state.update((state) => ({ ...state, loading: "loading" }));
    }
    try {
      const page = this.#withNames(await this.#api.sessions());
      // What is pinned is in sight, however long ago it was used.
      const pinned = page.pinned.filter(({ id }) => page.sessions.every((one) => one.id !== id));
      const newest = this.#visible(page.sessions);
      const isFirst = this.#state.get().nextCursor === null;
      this.#state.update((state) => ({
        // Pages that were loaded further down stay; what is newer than them must be in this one.
        sessions: isFirst
          ? [...newest, ...this.#visible(pinned)]
          : joined(newest, [
              ...olderThan(page.sessions.at(-1), state.sessions).filter((one) => !one.pinned),
              ...this.#visible(pinned),
            ]),
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
    return {
      ...page,
      sessions: page.sessions.map((session) => this.#named(session)),
      pinned: page.pinned.map((session) => this.#named(session)),
    };
  }

  #visible(sessions: readonly Session[]): Session[] {
    return sessions.filter((session) => !this.#hidden.has(session.id));
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

function byActivity(a: Session, b: Session): number {
  return b.updated_at.localeCompare(a.updated_at);
}

function olderThan(last: Session | undefined, sessions: readonly Session[]): Session[] {
  return last ? sessions.filter((session) => session.updated_at < last.updated_at) : [];
}
