import { ArrowUp, Paperclip, Pause, Play, Square } from "lucide-react";
import {
  type ClipboardEvent,
  type KeyboardEvent,
  memo,
  type ReactNode,
  type Ref,
  useLayoutEffect,
  useRef,
} from "react";
import { type Attachment, useAttachmentsOf } from "../state/attachments.ts";
import { IconButton } from "../ui/Button.tsx";
import { AttachmentList } from "./AttachmentList.tsx";
import styles from "./composer.module.css";
import { useDraftText } from "./useDraftText.ts";

interface ComposerProps {
  /** Names the text that is being written. */
  readonly draftKey: string;
  readonly busy: boolean;
  /** Whether what is being written is held. */
  readonly paused: boolean;
  readonly inputRef: Ref<HTMLTextAreaElement>;
  /** What is chosen for the next answer: the model, how it thinks. */
  readonly controls: ReactNode;
  readonly hint: ReactNode;
  readonly onSend: (message: string, documents: readonly string[]) => void;
  readonly onStop: () => void;
  readonly onPause: (paused: boolean) => void;
  readonly onFiles: (files: File[]) => void;
  /** Somebody begins to write: what shows the answer will be needed. */
  readonly onBegin: () => void;
}

/** What the server takes as a document; it has the last word. */
const DOCUMENTS = ".md,.markdown,.txt,.text,.rst,text/plain,text/markdown";

export const Composer = memo(function Composer(props: ComposerProps) {
  const { draftKey, busy, paused, inputRef, controls, hint } = props;
  const { onSend, onStop, onPause, onFiles, onBegin } = props;
  const [text, setText] = useDraftText(draftKey);
  const attachments = useAttachmentsOf(draftKey);
  const area = useAutoHeight(text);
  const picker = useRef<HTMLInputElement>(null);
  const uploading = attachments.some((one) => one.id === null && one.error === null);
  const ready = text.trim().length > 0 && !uploading;

  const send = () => {
    if (!ready) return;
    onSend(text.trim(), idsOf(attachments));
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While a word is being composed, Enter chooses it.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
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
        <AttachmentList draftKey={draftKey} attachments={attachments} />
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
          onChange={(event) => {
            onBegin();
            setText(event.target.value);
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          enterKeyHint="send"
        />
        <div className={styles["bar"]}>
          <input
            ref={picker}
            type="file"
            hidden
            multiple
            accept={DOCUMENTS}
            data-testid="file-input"
            onChange={(event) => {
              onFiles([...(event.target.files ?? [])]);
              event.target.value = "";
            }}
          />
          <IconButton
            label="Add documents"
            className={styles["attach"]}
            onClick={() => picker.current?.click()}
          >
            <Paperclip size={17} aria-hidden />
          </IconButton>
          {controls}
          <span className={styles["space"]} />
          {busy && (
            <>
              <button
                type="button"
                className={styles["stop"]}
                data-testid="pause-button"
                aria-label={paused ? "Continue" : "Pause"}
                title={paused ? "Continue" : "Pause: the answer goes on being written"}
                onClick={() => onPause(!paused)}
              >
                {paused ? (
                  <Play size={14} fill="currentColor" aria-hidden />
                ) : (
                  <Pause size={14} fill="currentColor" aria-hidden />
                )}
              </button>
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
            </>
          )}
          <button
            type="submit"
            className={styles["send"]}
            data-testid="send-button"
            aria-label={busy ? "Send after this answer" : "Send"}
            title={uploading ? "Wait for the documents" : busy ? "Send after this answer" : "Send"}
            disabled={!ready}
          >
            <ArrowUp size={18} aria-hidden />
          </button>
        </div>
      </div>
      <p className={styles["hint"]}>{hint}</p>
    </form>
  );
});

function idsOf(attachments: readonly Attachment[]): string[] {
  return attachments.flatMap(({ id }) => (id === null ? [] : [id]));
}

/** Lets the field grow with its text; the style sheet says how far. */
function useAutoHeight(text: string) {
  const area = useRef<HTMLTextAreaElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const element = area.current;
    // To ask for a height has the whole page laid out, with every press of a key.
    if (!element || globalThis.CSS?.supports?.("field-sizing", "content")) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);
  return area;
}
