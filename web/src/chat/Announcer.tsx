import { type ChatMessage, isPending } from "@millrace/client";
import { useEffect, useRef, useState } from "react";
import { nextAnnouncement } from "./announce.ts";

/** At most one announcement in this time: a listener is told the answer, not each piece of it. */
const EVERY_MS = 2500;

/** Tells screen readers what the newest answer says, by sentences and politely. */
export function Announcer({ message }: { message: ChatMessage | undefined }) {
  const [said, setSaid] = useState("");
  const latest = useRef(message);
  latest.current = message;
  const key = message?.key;

  useEffect(() => {
    const first = latest.current;
    // An answer that is there already when the page opens is read on demand, not announced.
    if (key === undefined || !first || !isPending(first)) return;
    let spoken = 0;
    setSaid("Millrace is answering.");
    const timer = setInterval(() => {
      const now = latest.current;
      if (!now || now.key !== key) return;
      const ended = !isPending(now);
      const next = nextAnnouncement(now.content, spoken, ended);
      spoken = next.spoken;
      if (next.say) setSaid(next.say);
      else if (ended) setSaid(now.error?.message ?? "");
      if (ended && !next.say) clearInterval(timer);
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [key]);

  return (
    <div className="visually-hidden" aria-live="polite" aria-atomic="true">
      {said}
    </div>
  );
}
