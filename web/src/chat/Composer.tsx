import { ArrowUp, Brain, Square } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type Ref, useLayoutEffect, useRef } from "react";
import { classes } from "../ui/classes.ts";
import styles from "./composer.module.css";
import { useDraftText } from "./useDraftText.ts";

interface ComposerProps {
  /** Names the text that is being written. */
  readonly draftKey: string;
  readonly busy: boolean;
  readonly reasoning: boolean;
  /** Whether the model may have reasoning to show. */
  readonly canReason: boolean;
  readonly inputRef: Ref<HTMLTextAreaElement>;
  readonly hint: ReactNode;
  readonly onReasoning: (on: boolean) => void;
  readonly onSend: (message: string) => void;
  readonly onStop: () => void;
}

export function Composer(props: ComposerProps) {
  const { draftKey, busy, reasoning, canReason, inputRef, hint, onReasoning, onSend, onStop } =
    props;
  const [text, setText] = useDraftText(draftKey);
  const area = useAutoHeight(text);
  const ready = text.trim().length > 0;

  const send = () => {
    if (!ready) return;
    onSend(text.trim());
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While a word is being composed, Enter chooses it.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      className={styles["composer"]}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className={styles["box"]}>
        <textarea
          ref={(element) => {
            area.current = element;
            if (typeof inputRef === "function") inputRef(element);
            else if (inputRef) inputRef.current = element;
          }}
          data-testid="message-input"
          aria-label="Message"
          placeholder={busy ? "Write the next message…" : "Ask anything…"}
          rows={1}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          enterKeyHint="send"
        />
        <div className={styles["bar"]}>
          {canReason && (
            <button
              type="button"
              className={classes(styles["toggle"], reasoning && styles["on"])}
              aria-pressed={reasoning}
              title="Ask the model to show how it thinks, where it can"
              onClick={() => onReasoning(!reasoning)}
            >
              <Brain size={16} aria-hidden />
              Reasoning
            </button>
          )}
          <span className={styles["space"]} />
          {busy && (
            <button
              type="button"
              className={styles["stop"]}
              data-testid="stop-button"
              aria-label="Stop the answer"
              title="Stop the answer"
              onClick={onStop}
            >
              <Square size={13} fill="currentColor" aria-hidden />
            </button>
          )}
          <button
            type="submit"
            className={styles["send"]}
            data-testid="send-button"
            aria-label={busy ? "Send after this answer" : "Send"}
            title={busy ? "Send after this answer" : "Send"}
            disabled={!ready}
          >
            <ArrowUp size={18} aria-hidden />
          </button>
        </div>
      </div>
      <p className={styles["hint"]}>{hint}</p>
    </form>
  );
}

/** Lets the field grow with its text; the style sheet says how far. */
function useAutoHeight(text: string) {
  const area = useRef<HTMLTextAreaElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);
  return area;
}
