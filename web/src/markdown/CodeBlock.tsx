import { Check, Copy, WrapText } from "lucide-react";
import { memo, useEffect, useState } from "react";
import { useCopy } from "../ui/useCopy.ts";
import type { Highlighter, Line } from "./highlight.ts";
import styles from "./markdown.module.css";

interface CodeBlockProps {
  readonly code: string;
  readonly language: string;
}

export const CodeBlock = memo(function CodeBlock({ code, language }: CodeBlockProps) {
  const [copied, copy] = useCopy();
  const [wrapped, setWrapped] = useState(false);
  const highlighter = useHighlighter(language);
  const label = language || "text";
  return (
    <figure className={styles["code"]} data-wrapped={wrapped || undefined}>
      <figcaption>
        <span>{label}</span>
        <button
          type="button"
          aria-pressed={wrapped}
          aria-label={`Wrap long lines of the ${label} code`}
          title="Wrap long lines"
          onClick={() => setWrapped(!wrapped)}
        >
          <WrapText size={14} aria-hidden />
        </button>
        <button type="button" onClick={() => copy(code)} aria-label={`Copy ${label} code`}>
          {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
          <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
        </button>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: code that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>
        <code>{highlighter ? <Coloured lines={highlighter.lines(code)} code={code} /> : code}</code>
      </pre>
    </figure>
  );
});

function Coloured({ lines, code }: { lines: readonly Line[]; code: string }) {
  const last = lines.at(-1);
  return (
    <>
      {lines.map((line) => (
        <LineView key={line.start} line={line} />
      ))}
      {code.slice(last ? last.start + last.length : 0)}
    </>
  );
}

const LineView = memo(function LineView({ line }: { line: Line }) {
  return (
    <span>
      {line.tokens.map((token) => (
        <span key={token.offset} className={styles["token"]} style={token.style}>
          {token.content}
        </span>
      ))}
      {line.end}
    </span>
  );
});

/** What colours this block, once the grammar has come. */
function useHighlighter(language: string): Highlighter | null {
  const [found, setFound] = useState<{ language: string; highlighter: Highlighter } | null>(null);
  useEffect(() => {
    if (!language) return;
    let current = true;
    void import("./highlight.ts")
      .then(({ highlighterFor }) => highlighterFor(language))
      .then((highlighter) => {
        if (current && highlighter) setFound({ language, highlighter });
      })
      // Without colours it is still code.
      .catch((error: unknown) => console.warn("Millrace: code stays plain", error));
    return () => {
      current = false;
    };
  }, [language]);
  return found?.language === language ? found.highlighter : null;
}
