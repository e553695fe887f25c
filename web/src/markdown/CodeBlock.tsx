import { Check, Copy } from "lucide-react";
import { memo, useEffect, useState } from "react";
import { useCopy } from "../ui/useCopy.ts";
import type { Line } from "./highlight.ts";
import styles from "./markdown.module.css";

interface CodeBlockProps {
  readonly code: string;
  readonly language: string;
}

/** How long a block must stand still before it is coloured, so that one that grows is not at every piece. */
const SETTLED_MS = 150;

export const CodeBlock = memo(function CodeBlock({ code, language }: CodeBlockProps) {
  const [copied, copy] = useCopy();
  const lines = useHighlight(code, language);
  const label = language || "text";
  return (
    <figure className={styles["code"]}>
      <figcaption>
        <span>{label}</span>
        <button type="button" onClick={() => copy(code)} aria-label={`Copy ${label} code`}>
          {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
          <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
        </button>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: code that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>
        <code>{lines ? <Coloured lines={lines} rest={code} /> : code}</code>
      </pre>
    </figure>
  );
});

function Coloured({ lines, rest }: { lines: readonly Line[]; rest: string }) {
  const length = lines.reduce((sum, line) => sum + line.length, 0);
  return (
    <>
      {lines.map((line) => (
        <span key={line.start}>
          {line.tokens.map((token) => (
            <span key={token.offset} className={styles["token"]} style={token.style}>
              {token.content}
            </span>
          ))}
          {line.end}
        </span>
      ))}
      {rest.slice(length)}
    </>
  );
}

/** The coloured lines once the highlighter has loaded; of a growing block, the part it had when it last stood still. */
function useHighlight(code: string, language: string): readonly Line[] | null {
  const [result, setResult] = useState<{ code: string; lines: readonly Line[] } | null>(null);
  useEffect(() => {
    if (!language) return;
    let current = true;
    const timer = setTimeout(async () => {
      const { highlight } = await import("./highlight.ts");
      const lines = await highlight(code, language);
      if (current && lines) setResult({ code, lines });
    }, SETTLED_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [code, language]);
  return result && code.startsWith(result.code) ? result.lines : null;
}
