/** `visible` comes when a person returns to the page: timers may have slept, so the connection is proved anew. */
export type NetworkEvent = "online" | "offline" | "visible";

/** What the surroundings know about the network. */
export interface Network {
  online(): boolean;
  subscribe(listener: (event: NetworkEvent) => void): () => void;
}

/** The browser's own signals; outside of a browser always online. */
export function browserNetwork(): Network {
  const { window, document, navigator } = globalThis;
  if (typeof window === "undefined" || typeof document === "undefined") {
    return { online: () => true, subscribe: () => () => undefined };
  }
  return {
    online: () => navigator.onLine,
    subscribe(listener) {
      const controller = new AbortController();
      const { signal } = controller;
      window.addEventListener("online", () => listener("online"), { signal });
      window.addEventListener("offline", () => listener("offline"), { signal });
      document.addEventListener(
        "visibilitychange",
        () => document.visibilityState === "visible" && listener("visible"),
        { signal },
      );
      return () => controller.abort();
    },
  };
}
