import { ApiError, type ChatClient } from "@millrace/client";
import { create } from "zustand";
import { usePage } from "./page.ts";

/** How long a deletion can be taken back. */
const UNDO_MS = 7000;
/** Where the page that is closed leaves what it was deleting to the one that comes after it in the same tab. */
const LEFT = "millrace.deleting";

interface Pending {
  readonly client: ChatClient;
  readonly timer: ReturnType<typeof setTimeout>;
}

interface Deletions {
  readonly pending: ReadonlyMap<string, Pending>;
  /** Takes a session out of sight at once, and deletes it when nobody wants it back any more. */
  readonly later: (client: ChatClient, id: string, title: string) => void;
  readonly undo: (id: string) => void;
  /** Deletes what waits now: the page is being closed. `storage` remembers it for `finishDeletions`. */
  readonly leave: (storage: Storage | null) => void;
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
    leave: (storage) => {
      const ids = [...get().pending.keys()];
      if (ids.length > 0) storage?.setItem(LEFT, JSON.stringify(ids));
      for (const [id, { client, timer }] of get().pending) {
        clearTimeout(timer);
        // Nobody is left to be told how it went.
        void client.sessions.remove(id, { leaving: true }).catch(() => undefined);
      }
      set({ pending: new Map() });
    },
  };
});

/**
 * Sees to it that what an earlier page of this tab was deleting when it was closed is deleted.
 *
 * Its request may still be under way, or lost: a list that is read meanwhile shows what is to be gone.
 */
export async function finishDeletions(client: ChatClient, storage: Storage | null): Promise<void> {
  const left = storage?.getItem(LEFT);
  if (!left) return;
  storage?.removeItem(LEFT);
  const ids = JSON.parse(left) as string[];
  // That it is not there any more is what is wanted; whatever else fails is seen in the list.
  await Promise.allSettled(ids.map((id) => client.sessions.remove(id)));
  await client.sessions.refresh();
}

function shortened(title: string): string {
  return title.length > 40 ? `${title.slice(0, 39).trimEnd()}…` : title;
}
