import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

/** How near to the end still counts as being there, in pixels. */
const NEAR = 48;

interface StickToBottom {
  readonly scroller: RefObject<HTMLElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  /** Whether the end is out of sight. */
  readonly away: boolean;
  readonly toBottom: (smooth?: boolean) => void;
  /** Lets go of the end: somebody is led elsewhere. */
  readonly release: () => void;
}

/**
 * Keeps the end in view while text grows, unless the reader has scrolled up: then nothing moves.
 *
 * @param active Whether there is an end worth seeing; a page of introduction begins at its top.
 */
export function useStickToBottom(active: boolean): StickToBottom {
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const [away, setAway] = useState(false);

  const toBottom = useCallback((smooth = false) => {
    const element = scroller.current;
    if (!element) return;
    pinned.current = true;
    setAway(false);
    element.scrollTo({ top: element.scrollHeight, behavior: smooth ? "smooth" : "instant" });
  }, []);

  const release = useCallback(() => {
    pinned.current = false;
  }, []);

  useEffect(() => {
    if (!active) return;
    const element = scroller.current;
    const inner = content.current;
    if (!element || !inner) return;
    // To ask where it stands would have the page laid out at once; scrolling to the end tells soon enough.
    let before = 0;
    const onScroll = () => {
      const rest = element.scrollHeight - element.scrollTop - element.clientHeight;
      // Only the reader scrolls up; growing text never does.
      if (element.scrollTop < before - 1 && rest > NEAR) pinned.current = false;
      else if (rest <= NEAR) pinned.current = true;
      before = element.scrollTop;
      setAway(rest > NEAR && !pinned.current);
    };
    const observer = new ResizeObserver(() => {
      if (pinned.current) element.scrollTop = element.scrollHeight;
      else onScroll();
    });
    element.addEventListener("scroll", onScroll, { passive: true });
    observer.observe(inner);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", onScroll);
      observer.disconnect();
    };
  }, [active]);

  return { scroller, content, away, toBottom, release };
}
