/** Runs `callback` soon, once. */
export type Schedule = (callback: () => void) => void;

/** A hidden page gets no animation frames, but what it says in its title should still be true. */
const HIDDEN_MS = 250;

/** Collects updates until the browser paints next; elsewhere until the current task is done. */
export const onNextPaint: Schedule = (callback) => {
  if (typeof globalThis.requestAnimationFrame !== "function") {
    queueMicrotask(callback);
    return;
  }
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    callback();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, HIDDEN_MS);
};
