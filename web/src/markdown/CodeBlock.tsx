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

/** Lines that are laid out together; a line more than so many begins the next ones, unless it would leave an empty one behind. */
const TOGETHER = 16;

function Coloured({ lines, code }: { lines: readonly Line[]; code: string }) {
  const last = lines.at(-1);
  const pieces = piecesOf(lines);
  return (
    <>
      {pieces.map((piece, index) => (
        <Piece key={piece[0]?.start} lines={piece} closed={index < pieces.length - 1} />
      ))}
      {code.slice(last ? last.start + last.length : 0)}
    </>
  );
}

/** Only ever changes at its end while lines come. */
function piecesOf(lines: readonly Line[]): Line[][] {
  const pieces: Line[][] = [];
  let piece: Line[] = [];
  for (const line of lines) {
    const before = piece.at(-1);
    if (piece.length >= TOGETHER && before && before.tokens.length > 0) piece = [];
    if (piece.length === 0) pieces.push(piece);
    piece.push(line);
  }
  return pieces;
}

interface PieceProps {
  readonly lines: readonly Line[];
  /** Whether another one follows: then it is a block, which a line further down does not lay out again. */
  readonly closed: boolean;
}

const Piece = memo(
  function Piece({ lines, closed }: PieceProps) {
    const last = lines.at(-1);
    return (
      <span className={closed ? styles["lines"] : undefined}>
        {lines.map((line) => (
          // The end of a block breaks the line by itself.
          <LineView key={line.start} line={line} broken={!(closed && line === last)} />
        ))}
      </span>
    );
  },
  (a, b) =>
    a.closed === b.closed &&
    a.lines.length === b.lines.length &&
    a.lines.every((line, index) => line === b.lines[index]),
);

interface LineProps {
  readonly line: Line;
  /** Whether its line break is written. */
  readonly broken: boolean;
}

const LineView = memo(function LineView({ line, broken }: LineProps) {
  return (
    <span>
      {line.tokens.map((token) => (
        <span key={token.offset} className={styles["token"]} style={token.style}>
          {token.content}
        </span>
      ))}
      {broken && line.end}
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
