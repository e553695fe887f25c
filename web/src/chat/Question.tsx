import { useChatClient } from "@millrace/react";
import { Check, Copy, Pencil, X } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { Button, IconButton } from "../ui/Button.tsx";
import { classes } from "../ui/classes.ts";
import { useCopy } from "../ui/useCopy.ts";
import { EmotionChip } from "./EmotionChip.tsx";
import type { MessageRowProps } from "./MessageRow.tsx";
import styles from "./message.module.css";

/** A longer question is folded until somebody asks for all of it. */
const LONG_CHARS = 1200;

export function Question({ message, marked, previous, editable, onEdit }: MessageRowProps) {
  const [copied, copy] = useCopy();
  const [whole, setWhole] = useState(false);
  const [editing, setEditing] = useState(false);
  const { content, status, emotion, requestId } = message;
  const long = content.length > LONG_CHARS;
  return (
    <article
      className={classes(styles["user"], marked && styles["marked"])}
      data-testid="question"
      aria-label="You"
    >
      {editing ? (
        <QuestionEditor
          text={content}
          onDone={(text) => {
            setEditing(false);
            if (text !== null) onEdit(previous, text);
          }}
        />
      ) : (
        <p className={classes(long && !whole && styles["folded"])} data-testid="user-message">
          {content}
        </p>
      )}
      {long && !editing && (
        <button type="button" className={styles["unfold"]} onClick={() => setWhole(!whole)}>
          {whole ? "Show less" : "Show all of it"}
        </button>
      )}
      {!editing && (
        <div className={styles["asked"]}>
          {status === "failed" && <small>Not sent</small>}
          <span className={styles["quiet"]}>
            {status === "complete" && editable && (
              <IconButton
                small
                label="Edit in a new branch"
                data-testid="edit-button"
                onClick={() => setEditing(true)}
              >
                <Pencil size={15} aria-hidden />
              </IconButton>
            )}
            <IconButton
              small
              label={copied ? "Copied" : "Copy question"}
              onClick={() => copy(content)}
            >
              {copied ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />}
            </IconButton>
          </span>
          {status === "waiting" && requestId !== null && <Waiting requestId={requestId} />}
          {emotion && <EmotionChip state={emotion} />}
        </div>
      )}
    </article>
  );
}

/** That a question has not gone out, and the way to keep it from doing so. */
function Waiting({ requestId }: { requestId: string }) {
  const client = useChatClient();
  return (
    <>
      <small data-testid="waiting-mark">Waiting to be sent</small>
      <IconButton small label="Do not send" onClick={() => client.withdraw(requestId)}>
        <X size={15} aria-hidden />
      </IconButton>
    </>
  );
}

interface QuestionEditorProps {
  readonly text: string;
  /** Called once: with the new text, or with null where it was given up. */
  readonly onDone: (text: string | null) => void;
}

function QuestionEditor({ text, onDone }: QuestionEditorProps) {
  const [draft, setDraft] = useState(text);
  const ready = draft.trim().length > 0;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      onDone(null);
    } else if (event.key === "Enter" && !event.shiftKey && ready) {
      event.preventDefault();
      onDone(draft.trim());
    }
  };
  return (
    <form
      className={styles["editor"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onDone(draft.trim());
      }}
    >
      <textarea
        ref={(element) => {
          if (element && document.activeElement !== element) {
            element.focus();
            element.setSelectionRange(element.value.length, element.value.length);
          }
        }}
        aria-label="Question"
        data-testid="edit-input"
        rows={Math.min(10, draft.split("\n").length + 1)}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div>
        <small>The conversation as it is stays in the list.</small>
        <Button onClick={() => onDone(null)}>Cancel</Button>
        <Button type="submit" look="primary" disabled={!ready}>
          Ask in a branch
        </Button>
      </div>
    </form>
  );
}
