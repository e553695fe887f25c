import type { Session } from "@millrace/client";
import { useChatClient } from "@millrace/react";
import { Download, Ellipsis, Pencil, Pin, PinOff, Share2, Trash2 } from "lucide-react";
import { type FormEvent, memo, useState } from "react";
import { Link } from "wouter";
import { usePage } from "../state/page.ts";
import { IconButton } from "../ui/Button.tsx";
import { classes } from "../ui/classes.ts";
import { Menu } from "../ui/Menu.tsx";
import styles from "./sessions.module.css";
import { titleOf } from "./titles.ts";

interface SessionItemProps {
  readonly session: Session;
  readonly current: boolean;
  readonly onRename: (id: string, title: string) => void;
  readonly onPin: (session: Session) => void;
  readonly onDelete: (session: Session) => void;
  readonly onOpen: () => void;
}

export const SessionItem = memo(function SessionItem(props: SessionItemProps) {
  const { session, current, onRename, onPin, onDelete, onOpen } = props;
  const { api } = useChatClient();
  const share = usePage((page) => page.share);
  const [editing, setEditing] = useState(false);
  const title = titleOf(session.title);
  if (editing) {
    return (
      <li className={styles["item"]}>
        <TitleEditor
          title={session.title}
          onDone={(next) => {
            setEditing(false);
            if (next && next !== session.title) onRename(session.id, next);
          }}
        />
      </li>
    );
  }
  return (
    <li
      className={classes(styles["item"], current && styles["current"])}
      data-testid="session-item"
    >
      <Link
        href={`/chat/${session.id}`}
        className={styles["link"]}
        aria-current={current ? "page" : undefined}
        title={title}
        onClick={onOpen}
      >
        {title}
      </Link>
      <Menu
        align="start"
        trigger={
          <IconButton small label={`More about “${title}”`} className={styles["more"]}>
            <Ellipsis size={16} aria-hidden />
          </IconButton>
        }
        entries={[
          {
            kind: "item",
            label: "Rename",
            icon: <Pencil size={16} aria-hidden />,
            onSelect: () => setEditing(true),
          },
          {
            kind: "item",
            label: session.pinned ? "Unpin" : "Pin",
            icon: session.pinned ? <PinOff size={16} aria-hidden /> : <Pin size={16} aria-hidden />,
            onSelect: () => onPin(session),
          },
          {
            kind: "item",
            label: "Share by link",
            icon: <Share2 size={16} aria-hidden />,
            onSelect: () => share(session.id),
          },
          {
            kind: "link",
            label: "Export as Markdown",
            icon: <Download size={16} aria-hidden />,
            href: api.exportUrl(session.id, "markdown"),
          },
          {
            kind: "link",
            label: "Export as JSON",
            icon: <Download size={16} aria-hidden />,
            href: api.exportUrl(session.id, "json"),
          },
          { kind: "separator", id: "end" },
          {
            kind: "item",
            label: "Delete",
            danger: true,
            icon: <Trash2 size={16} aria-hidden />,
            onSelect: () => onDelete(session),
          },
        ]}
      />
    </li>
  );
});

const LONGEST_TITLE = 200;

interface TitleEditorProps {
  readonly title: string;
  /** Called once: with the new title, or with null where it was given up. */
  readonly onDone: (title: string | null) => void;
}

function TitleEditor({ title, onDone }: TitleEditorProps) {
  const [text, setText] = useState(title);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onDone(text.trim() || null);
  };
  return (
    <form onSubmit={submit} className={styles["editor"]}>
      <input
        ref={(element) => {
          if (element && document.activeElement !== element) {
            element.focus();
            element.select();
          }
        }}
        aria-label="Title"
        value={text}
        maxLength={LONGEST_TITLE}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => onDone(text.trim() || null)}
        onKeyDown={(event) => event.key === "Escape" && onDone(null)}
      />
    </form>
  );
}
