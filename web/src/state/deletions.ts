import { ApiError, type ChatClient } from "@millrace/client";
import { create } from "zustand";
import { usePage } from "./page.ts";

/** How long a deletion can be taken back. */
const UNDO_MS = 7000;

interface Pending {
  readonly client: ChatClient;
  readonly timer: ReturnType<typeof setTimeout>;
}

interface Deletions {
  readonly pending: ReadonlyMap<string, Pending>;
  /** Takes a session out of sight at once, and deletes it when nobody wants it back any more. */
  readonly later: (client: ChatClient, id: string, title: string) => void;
  readonly undo: (id: string) => void;
  /** Deletes what waits now: the page is being closed. */
  readonly leave: () => void;
}

/** Sessions that are about to be deleted. */
export const useDeletions = create<Deletions>()((set, get) => {
  const take = (id: string): Pending | undefined => {
    const pending = new Map(get().pending);
    const found = pending.get(id);
    pending.delete(id);
    set({ pending });
    return found;
  };
  const run = async (client: ChatClient, id: string) => {
    take(id);
    try {
      await client.sessions.remove(id);
    } catch (cause) {
      const text = cause instanceof ApiError ? cause.message : "It could not be deleted.";
      const action = { label: "Try again", run: () => void run(client, id) };
      usePage.getState().toast(text, { tone: "bad", action });
    }
  };
  return {
    pending: new Map(),
    later: (client, id, title) => {
      client.sessions.hide(id);
      const timer = setTimeout(() => void run(client, id), UNDO_MS);
      set({ pending: new Map(get().pending).set(id, { client, timer }) });
      const action = { label: "Undo", run: () => get().undo(id) };
      usePage.getState().toast(`“${shortened(title)}” is deleted.`, { action, ms: UNDO_MS });
    },
    undo: (id) => {
      const found = take(id);
      if (!found) return;
      clearTimeout(found.timer);
      found.client.sessions.restore(id);
    },
    leave: () => {
      for (const [id, { client, timer }] of get().pending) {
        clearTimeout(timer);
        // Nobody is left to be told how it went.
        void client.sessions.remove(id, { leaving: true }).catch(() => undefined);
      }
      set({ pending: new Map() });
    },
  };
});

function shortened(title: string): string {
  return title.length > 40 ? `${title.slice(0, 39).trimEnd()}…` : title;
}
