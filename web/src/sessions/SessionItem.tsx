import type { Session } from "@millrace/client";
import { useChatClient } from "@millrace/react";
import { Download, Ellipsis, Pencil, Trash2 } from "lucide-react";
import { type FormEvent, memo, useState } from "react";
import { Link } from "wouter";
import { IconButton } from "../ui/Button.tsx";
import { classes } from "../ui/classes.ts";
import { Menu, MenuItem, MenuLink, MenuSeparator } from "../ui/Menu.tsx";
import styles from "./sessions.module.css";
import { titleOf } from "./titles.ts";

interface SessionItemProps {
  readonly session: Session;
  readonly current: boolean;
  readonly onRename: (id: string, title: string) => void;
  readonly onDelete: (session: Session) => void;
  readonly onOpen: () => void;
}

export const SessionItem = memo(function SessionItem(props: SessionItemProps) {
  const { session, current, onRename, onDelete, onOpen } = props;
  const { api } = useChatClient();
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
      >
        <MenuItem icon={<Pencil size={16} aria-hidden />} onSelect={() => setEditing(true)}>
          Rename
        </MenuItem>
        <MenuLink
          icon={<Download size={16} aria-hidden />}
          href={api.exportUrl(session.id, "markdown")}
        >
          Export as Markdown
        </MenuLink>
        <MenuLink
          icon={<Download size={16} aria-hidden />}
          href={api.exportUrl(session.id, "json")}
        >
          Export as JSON
        </MenuLink>
        <MenuSeparator />
        <MenuItem danger icon={<Trash2 size={16} aria-hidden />} onSelect={() => onDelete(session)}>
          Delete
        </MenuItem>
      </Menu>
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
