import { useEffect, useState } from "react";
import { flushSync } from "react-dom";

/**
 * False while `active` is false or has just become true, and true from the next frame on.
 *
 * What would hold a slow phone up is done in two goes by it, the second in a task of its own behind the frame.
 */
export function useNextFrame(active: boolean): boolean {
  const [there, setThere] = useState(false);
  useEffect(() => {
    if (!active) return;
    let timer: ReturnType<typeof setTimeout>;
    const frame = requestAnimationFrame(() => {
      // At once, lest it becomes part of the next frame of an answer.
      timer = setTimeout(() => flushSync(() => setThere(true)));
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      setThere(false);
    };
  }, [active]);
  return there;
}
