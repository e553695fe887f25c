/** Runs `work` once the browser has nothing better to do. */
export function whenIdle(work: () => void): void {
  // Safari has no idle callbacks.
  if (typeof globalThis.requestIdleCallback === "function") requestIdleCallback(work);
  else setTimeout(work, 100);
}
