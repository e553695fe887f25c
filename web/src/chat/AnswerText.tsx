import type { ChatMessage } from "@millrace/client";
import { useCallback, useMemo } from "react";
import { type Inset, MarkdownView } from "../markdown/MarkdownView.tsx";
import { SourcesContext, sourcesOf } from "../sources/sources.ts";
import { usePage } from "../state/page.ts";
import { SeamMark } from "./SeamMark.tsx";

interface AnswerTextProps {
  readonly message: ChatMessage;
  /** Whether more is to come. */
  readonly streaming: boolean;
}

/** What an answer says, with the marks of its sources and of its seams. */
export function AnswerText({ message, streaming }: AnswerTextProps) {
  const { key, content, citations, passages, seams } = message;
  const showSources = usePage((page) => page.showSources);
  const open = useCallback((number: number | null) => showSources(key, number), [key, showSources]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the sources follow from these two alone
  const sources = useMemo(() => sourcesOf(message), [citations, passages]);
  const context = useMemo(() => ({ sources, open }), [sources, open]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is before a seam does not change any more
  const insets = useMemo(
    (): Inset[] =>
      seams
        .filter((seam) => seam.position > 0)
        .map((seam) => ({
          at: utf16(content, seam.position) - 1,
          node: <SeamMark seam={seam} />,
        })),
    [seams],
  );
  return (
    <SourcesContext value={context}>
      <div data-testid="answer-text">
        <MarkdownView text={content} streaming={streaming} insets={insets} />
      </div>
    </SourcesContext>
  );
}

/** A place counted in characters, as JavaScript counts. */
function utf16(text: string, characters: number): number {
  let at = 0;
  for (let count = 0; count < characters && at < text.length; count++) {
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return at;
}
