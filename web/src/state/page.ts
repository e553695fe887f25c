import { create } from "zustand";

export type DialogName = "palette" | "search" | "settings" | "share" | "shortcuts";

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "plain" | "bad";
  /** What can be done about it: undone, tried again. */
  readonly action: { readonly label: string; readonly run: () => void } | null;
  readonly ms: number;
}

/** A place to go to in a conversation, from a search for example. */
export interface Target {
  readonly sessionId: string;
  readonly messageId: string;
}

interface PageState {
  readonly dialog: DialogName | null;
  /** The session that the dialog `share` is about. */
  readonly sharing: string | null;
  readonly toasts: readonly Toast[];
  /** The answer whose sources stand beside the conversation, and the one that was asked for. */
  readonly sources: { readonly key: string; readonly number: number | null } | null;
  readonly target: Target | null;
  readonly show: (dialog: DialogName | null) => void;
  readonly share: (sessionId: string) => void;
  /** Returns what takes it away again. */
  readonly toast: (text: string, options?: Partial<Omit<Toast, "id" | "text">>) => () => void;
  readonly dismiss: (id: number) => void;
  readonly showSources: (key: string | null, number?: number | null) => void;
  readonly goTo: (target: Target | null) => void;
}

const SHOWN_MS = 6000;
/** More at once would hide the page; the oldest gives way. */
const MOST = 3;

let next = 1;

/** What is open on the page just now, and what it says in passing. */
export const usePage = create<PageState>()((set, get) => ({
  dialog: null,
  sharing: null,
  toasts: [],
  sources: null,
  target: null,
  show: (dialog) => set({ dialog }),
  share: (sharing) => set({ dialog: "share", sharing }),
  toast: (text, options = {}) => {
    const id = next++;
    const toast: Toast = { id, text, tone: "plain", action: null, ms: SHOWN_MS, ...options };
    set({ toasts: [...get().toasts, toast].slice(-MOST) });
    return () => get().dismiss(id);
  },
  dismiss: (id) => set({ toasts: get().toasts.filter((toast) => toast.id !== id) }),
  showSources: (key, number = null) => set({ sources: key === null ? null : { key, number } }),
  goTo: (target) => set({ target }),
}));
