import { memo, useEffect, useRef } from "react";
import styles from "./markdown.module.css";

interface FormulaProps {
  readonly tex: string;
  readonly display: boolean;
}

/** Formulas may ask for any size and expand without end: neither is the reader's wish. */
const LIMITS = { maxSize: 20, maxExpand: 500, throwOnError: false, trust: false } as const;

/** A formula, as its source until KaTeX has come. What half a formula means is shown when it is whole. */
export const Formula = memo(function Formula({ tex, display }: FormulaProps) {
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    let current = true;
    void import("./katex.ts")
      .then(({ katex }) => {
        if (current && element.current) {
          katex.render(tex, element.current, { displayMode: display, ...LIMITS });
        }
      })
      // Its source says the same to who reads it.
      .catch((error: unknown) => console.warn("Millrace: a formula stays plain", error));
    return () => {
      current = false;
    };
  }, [tex, display]);
  if (!display) return <span ref={element} className={styles["formula"]} />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a formula that scrolls must be reachable by keyboard
    // biome-ignore lint/a11y/useSemanticElements: it stands in a paragraph, where no section may
    <span className={styles["displayFormula"]} tabIndex={0} role="group" aria-label="Formula">
      <span ref={element} />
    </span>
  );
});
