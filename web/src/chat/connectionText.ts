import type { ConnectionStatus } from "@millrace/client";

export interface ConnectionText {
  /** For the chip: a word or two. */
  readonly label: string;
  /** What the label leaves out, for whoever asks. */
  readonly hint?: string;
  /** `less`: it works, and not as well as it could. */
  readonly tone: "good" | "less" | "wait" | "bad";
  /** For the banner: what is happening and what it means; null where there is nothing to say. */
  readonly detail: string | null;
}

const CONNECTED = {
  websocket: { label: "Connected", tone: "good" },
  sse: {
    tone: "less",
    label: "Connected, event stream",
    hint: "Something on the way to the server blocks WebSockets. Answers come by event streams instead.",
  },
  batch: {
    tone: "less",
    label: "Connected, whole answers",
    hint: "Something on the way to the server blocks streaming. Each answer comes once it is whole.",
  },
} as const;

/** What to say about the connection. `now` and `retryAt` are milliseconds since the epoch. */
export function connectionText(status: ConnectionStatus, now: number): ConnectionText {
  const { state, retryAt, online, error } = status;
  switch (state) {
    case "connected":
      return { ...CONNECTED[status.transport ?? "websocket"], detail: null };
    case "connecting":
      return { label: "Connecting", tone: "wait", detail: null };
    case "disconnected":
      return { label: "Disconnected", tone: "bad", detail: null };
    case "error":
      return { label: "Not connected", tone: "bad", detail: error?.message ?? null };
    case "reconnecting": {
      const seconds = retryAt === null ? 0 : Math.max(1, Math.ceil((retryAt - now) / 1000));
      const when = seconds === 0 ? "Trying again now." : `Trying again in ${seconds} s.`;
      const what = online ? "The connection to the server is lost." : "You are offline.";
      return {
        label: online ? "Reconnecting" : "Offline",
        tone: online ? "wait" : "bad",
        detail: `${what} ${when} Nothing is lost: answers go on, and what you send is kept.`,
      };
    }
  }
}
