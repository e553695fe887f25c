import type { ChatMessage, Citation } from "@millrace/client";
import { createContext } from "react";

/** Something an answer rests on, under the number by which the text cites it. */
export interface Source {
  readonly number: number;
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
  /** Whether the text cites it, or it was merely found. */
  readonly cited: boolean;
}

/** What an answer rests on, by number. While it is written that is what was found; then also what it cites. */
export function sourcesOf({ citations, passages }: ChatMessage): readonly Source[] {
  const found = new Map<number, Source>();
  for (const { number, title, url, snippet } of passages) {
    found.set(number, { number, title, url, snippet, cited: citations.length === 0 });
  }
  citations.forEach((citation, index) => {
    const number = citation.number ?? index + 1;
    found.set(number, { ...sourceOf(citation, number), cited: true });
  });
  return [...found.values()].sort((a, b) => a.number - b.number);
}

function sourceOf({ title, url, snippet }: Citation, number: number): Source {
  return { number, title: title || hostOf(url), url, snippet: snippet ?? "", cited: true };
}

/** Where a source is, in a word. */
export function hostOf(url: string): string {
  try {
    return new URL(url).host.replace(/^www\./, "");
  } catch {
    return "";
  }
}

export interface SourcesOfAnswer {
  readonly sources: readonly Source[];
  /** Shows them beside the conversation. */
  readonly open: (number: number | null) => void;
}

/** The sources of the answer in which a mark stands. */
export const SourcesContext = createContext<SourcesOfAnswer | null>(null);
