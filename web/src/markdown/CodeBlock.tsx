import { Check, Copy, WrapText } from "lucide-react";
import { memo, useEffect, useRef, useState } from "react";
import { useCopy } from "../ui/useCopy.ts";
import { type Colouring, linesOf, PLAIN, pageColours } from "./colours.ts";
import type { Line } from "./highlight.ts";
import styles from "./markdown.module.css";

interface CodeBlockProps {
  readonly code: string;
  readonly language: string;
}

export const CodeBlock = memo(function CodeBlock({ code, language }: CodeBlockProps) {
  const [copied, copy] = useCopy();
  const [wrapped, setWrapped] = useState(false);
  const lines = useLines(code, language);
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
        <code>
          <Coloured lines={lines} code={code} />
        </code>
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

/** The lines of the code as far as they are coloured. */
function useLines(code: string, language: string): readonly Line[] {
  const [coloured, setColoured] = useState(PLAIN);
  const colouring = useRef<Colouring | null>(null);
  useEffect(() => {
    // Where there are no workers, code stays plain.
    if (!language || typeof Worker === "undefined") return;
    const begun = pageColours().begin(language, setColoured);
    colouring.current = begun;
    return () => {
      colouring.current = null;
      begun.end();
      setColoured(PLAIN);
    };
  }, [language]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another language begins anew
  useEffect(() => colouring.current?.update(code), [code, language]);
  return linesOf(coloured, code);
}
