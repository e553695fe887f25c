import type { Failure } from "@millrace/client";
import { CircleAlert, RotateCw } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "../ui/Button.tsx";
import { errorTitle } from "./errorText.ts";
import styles from "./message.module.css";

interface ErrorNoteProps {
  readonly failure: Failure;
  /** Null where trying again makes no sense. */
  readonly onRetry: (() => void) | null;
}

export function ErrorNote({ failure, onRetry }: ErrorNoteProps) {
  const wait = useCountdown(failure.retryAfter);
  return (
    <div className={styles["error"]} role="alert">
      <CircleAlert size={18} aria-hidden />
      <div>
        <strong>{errorTitle(failure)}</strong>
        <p>{failure.message}</p>
      </div>
      {onRetry && (
        <Button onClick={onRetry} disabled={wait > 0} data-testid="retry-button">
          <RotateCw size={15} aria-hidden />
          {wait > 0 ? `Retry in ${wait} s` : "Retry"}
        </Button>
      )}
    </div>
  );
}

/** Whole seconds that are left, from when the note appeared. */
function useCountdown(seconds: number | null): number {
  const [left, setLeft] = useState(Math.ceil(seconds ?? 0));
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return left;
}
