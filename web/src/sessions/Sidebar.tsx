import { ApiError, type Session, type User } from "@millrace/client";
import { useChatClient, useSessions } from "@millrace/react";
import { Search, Settings2, SquarePen, X } from "lucide-react";
import { memo, useCallback, useEffect } from "react";
import { MOD } from "../chat/useShortcuts.ts";
import { useDeletions } from "../state/deletions.ts";
import { usePage } from "../state/page.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { classes } from "../ui/classes.ts";
import { Logo } from "../ui/Logo.tsx";
import { SessionItem } from "./SessionItem.tsx";
import styles from "./sessions.module.css";
import { groupByAge, titleOf } from "./titles.ts";

interface SidebarProps {
  readonly user: User;
  readonly current: string | null;
  /** On narrow screens: whether it is drawn over the conversation. */
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onNew: () => void;
}

export const Sidebar = memo(function Sidebar(props: SidebarProps) {
  const { user, current, open, onClose, onNew } = props;
  const show = usePage((page) => page.show);
  useEscape(open, onClose);
  return (
    <>
      {open && (
        <button
          type="button"
          className={styles["shade"]}
          aria-label="Close the list"
          onClick={onClose}
        />
      )}
      <nav className={classes(styles["side"], open && styles["open"])} aria-label="Conversations">
        <div className={styles["head"]}>
          <Logo size={26} />
          <span className={styles["name"]}>Millrace</span>
          <IconButton label="Close the list" className={styles["close"]} onClick={onClose}>
            <X size={19} aria-hidden />
          </IconButton>
        </div>
        <Button className={styles["new"]} onClick={onNew} data-testid="new-chat-button">
          <SquarePen size={16} aria-hidden />
          New conversation
        </Button>
        <button
          type="button"
          className={styles["search"]}
          data-testid="search-button"
          onClick={() => {
            onClose();
            show("search");
          }}
        >
          <Search size={16} aria-hidden />
          <span>Search</span>
          <span className={styles["keys"]} aria-hidden="true">
            {MOD} K
          </span>
        </button>
        <List current={current} onOpen={onClose} onDeletedCurrent={onNew} />
        <UserBar user={user} />
      </nav>
    </>
  );
});

interface ListProps {
  readonly current: string | null;
  readonly onOpen: () => void;
  readonly onDeletedCurrent: () => void;
}

function List({ current, onOpen, onDeletedCurrent }: ListProps) {
  const client = useChatClient();
  const { sessions, loading, error, nextCursor } = useSessions();
  const toast = usePage((page) => page.toast);
  const later = useDeletions((state) => state.later);

  const attempt = useCallback(
    async (work: () => Promise<void>) => {
      try {
        await work();
      } catch (cause) {
        const text = cause instanceof ApiError ? cause.message : "That did not work.";
        const action = { label: "Try again", run: () => void attempt(work) };
        toast(text, { tone: "bad", action });
      }
    },
    [toast],
  );
  const rename = useCallback(
    (id: string, title: string) => void attempt(() => client.sessions.rename(id, title)),
    [attempt, client],
  );
  const pin = useCallback(
    (session: Session) => void attempt(() => client.sessions.pin(session.id, !session.pinned)),
    [attempt, client],
  );
  const remove = useCallback(
    (session: Session) => {
      later(client, session.id, titleOf(session.title));
      if (session.id === current) onDeletedCurrent();
    },
    [client, current, later, onDeletedCurrent],
  );

  return (
    <div className={styles["list"]}>
      {loading === "failed" && sessions.length === 0 && (
        <div className={styles["hint"]}>
          <p>{error?.message}</p>
          <Button onClick={() => void client.sessions.refresh()}>Try again</Button>
        </div>
      )}
      {loading === "ready" && sessions.length === 0 && (
        <p className={styles["hint"]}>Your conversations will be listed here.</p>
      )}
      {groupByAge(sessions, new Date()).map((group) => (
        <section key={group.label} aria-label={group.label}>
          <h2>{group.label}</h2>
          <ul>
            {group.sessions.map((session) => (
              <SessionItem
                key={session.id}
                session={session}
                current={session.id === current}
                onRename={rename}
                onPin={pin}
                onDelete={remove}
                onOpen={onOpen}
              />
            ))}
          </ul>
        </section>
      ))}
      {nextCursor !== null && (
        <Button
          className={styles["older"]}
          onClick={() => void attempt(() => client.sessions.more())}
        >
          Show older
        </Button>
      )}
    </div>
  );
}

function UserBar({ user }: { user: User }) {
  const show = usePage((page) => page.show);
  const name = user.kind === "guest" ? "Guest" : user.name;
  return (
    <div className={styles["user"]}>
      <span className={styles["avatar"]} aria-hidden="true">
        {name.slice(0, 1).toUpperCase()}
      </span>
      <span className={styles["userName"]}>{name}</span>
      <IconButton label="Settings" onClick={() => show("settings")}>
        <Settings2 size={18} aria-hidden />
      </IconButton>
    </div>
  );
}

function useEscape(active: boolean, onEscape: () => void): void {
  useEffect(() => {
    if (!active) return;
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && onEscape();
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [active, onEscape]);
}
