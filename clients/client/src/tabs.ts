/** What the tabs of one browser tell each other: that a session has something new. */
export interface TabMessage {
  readonly kind: "turn-started" | "turn-ended" | "sessions-changed";
  readonly sessionId: string | null;
}

/** Reaches the other tabs, never the one that posts. */
export interface Tabs {
  post(message: TabMessage): void;
  subscribe(listener: (message: TabMessage) => void): () => void;
}

/** Tabs over `BroadcastChannel`; null where the environment has none. */
export function browserTabs(): Tabs | null {
  if (typeof window === "undefined" || typeof BroadcastChannel === "undefined") return null;
  const channel = new BroadcastChannel("millrace");
  return {
    post: (message) => channel.postMessage(message),
    subscribe(listener) {
      const onMessage = (event: MessageEvent<TabMessage>) => listener(event.data);
      channel.addEventListener("message", onMessage);
      return () => channel.removeEventListener("message", onMessage);
    },
  };
}
