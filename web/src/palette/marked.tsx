import type { ReactNode } from "react";

/** A text in which the words that were looked for stand out. */
export function marked(text: string, query: string): ReactNode {
  const words = query.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return text;
  const pattern = new RegExp(`(${words.map(escaped).join("|")})`, "giu");
  return text.split(pattern).map((part, index) =>
    // What the pattern matched stands at every second place.
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text have no other name
    index % 2 === 1 ? <mark key={index}>{part}</mark> : part,
  );
}

function escaped(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
