import { useEffect, useRef, useState } from "react";

const EVERY_MS = 500;
const WINDOW_MS = 3000;

/** How many pieces came per second of late; null until that can be said. */
export function useRate(pieces: number, active: boolean): number | null {
  const [rate, setRate] = useState<number | null>(null);
  const latest = useRef(pieces);
  latest.current = pieces;
  useEffect(() => {
    if (!active) return;
    let samples = [{ at: performance.now(), pieces: latest.current }];
    const timer = setInterval(() => {
      const now = { at: performance.now(), pieces: latest.current };
      samples = [...samples.filter((sample) => now.at - sample.at <= WINDOW_MS), now];
      const first = samples[0] ?? now;
      const seconds = (now.at - first.at) / 1000;
      if (seconds > 0) setRate(Math.round((now.pieces - first.pieces) / seconds));
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      setRate(null);
    };
  }, [active]);
  return rate;
}
