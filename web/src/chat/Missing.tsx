import type { Failure } from "@millrace/client";
import { Button } from "../ui/Button.tsx";
import styles from "./chat.module.css";

interface MissingProps {
  readonly failure: Failure | null;
  readonly onNew: () => void;
  readonly onRetry: () => void;
}

/** In the place of a conversation that could not be loaded. */
export function Missing({ failure, onNew, onRetry }: MissingProps) {
  const gone = failure?.code === "NOT_FOUND";
  return (
    <div className={styles["missing"]} role="alert">
      <h2>{gone ? "This conversation is not here" : "This conversation could not be loaded"}</h2>
      <p>
        {gone
          ? "It was deleted, or it belongs to somebody else."
          : (failure?.message ?? "Something went wrong.")}
      </p>
      <div>
        {!gone && (
          <Button look="primary" onClick={onRetry}>
            Try again
          </Button>
        )}
        <Button onClick={onNew}>New conversation</Button>
      </div>
    </div>
  );
}
