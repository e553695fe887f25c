import { ApiError, type Session, type User } from "@millrace/client";
import { useChatClient, useSessions } from "@millrace/react";
import { Check, LogOut, Monitor, Moon, Settings2, SquarePen, Sun, X } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import type { Auth } from "../auth/auth.ts";
import { type Theme, useTheme } from "../theme/useTheme.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { ConfirmDialog } from "../ui/ConfirmDialog.tsx";
import { classes } from "../ui/classes.ts";
import { Logo } from "../ui/Logo.tsx";
import { Menu, MenuChoice, MenuItem, MenuSeparator } from "../ui/Menu.tsx";
import { SessionItem } from "./SessionItem.tsx";
import styles from "./sessions.module.css";
import { groupByAge, titleOf } from "./titles.ts";

interface SidebarProps {
  readonly user: User;
  readonly auth: Auth;
  readonly current: string | null;
  /** On narrow screens: whether it is drawn over the conversation. */
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onNew: () => void;
}

export function Sidebar({ user, auth, current, open, onClose, onNew }: SidebarProps) {
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
        <List current={current} onOpen={onClose} onDeletedCurrent={onNew} />
        <UserMenu user={user} auth={auth} />
      </nav>
    </>
  );
}

interface ListProps {
  readonly current: string | null;
  readonly onOpen: () => void;
  readonly onDeletedCurrent: () => void;
}

function List({ current, onOpen, onDeletedCurrent }: ListProps) {
  const client = useChatClient();
  const { sessions, loading, error, nextCursor } = useSessions();
  const [deleting, setDeleting] = useState<Session | null>(null);
  const [notice, setNotice] = useState<string | null>(null);

  const attempt = useCallback(async (work: Promise<void>) => {
    setNotice(null);
    try {
      await work;
    } catch (cause) {
      setNotice(cause instanceof ApiError ? cause.message : "That did not work. Try again.");
    }
  }, []);
  const rename = useCallback(
    (id: string, title: string) => void attempt(client.sessions.rename(id, title)),
    [attempt, client],
  );
  const remove = (session: Session) => {
    void attempt(client.sessions.remove(session.id));
    if (session.id === current) onDeletedCurrent();
  };

  return (
    <>
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
                  onDelete={setDeleting}
                  onOpen={onOpen}
                />
              ))}
            </ul>
          </section>
        ))}
        {nextCursor !== null && (
          <Button className={styles["older"]} onClick={() => void attempt(client.sessions.more())}>
            Show older
          </Button>
        )}
        <p className={styles["notice"]} role="alert">
          {notice}
        </p>
      </div>
      {deleting && (
        <ConfirmDialog
          title="Delete this conversation?"
          action="Delete"
          onConfirm={() => remove(deleting)}
          onClose={() => setDeleting(null)}
        >
          “{titleOf(deleting.title)}” and all its messages will be gone for good.
        </ConfirmDialog>
      )}
    </>
  );
}

const THEMES = [
  { value: "system", label: "System", icon: <Monitor size={16} aria-hidden /> },
  { value: "light", label: "Light", icon: <Sun size={16} aria-hidden /> },
  { value: "dark", label: "Dark", icon: <Moon size={16} aria-hidden /> },
] as const satisfies readonly { value: Theme; label: string; icon: unknown }[];

function UserMenu({ user, auth }: { user: User; auth: Auth }) {
  const client = useChatClient();
  const [theme, setTheme] = useTheme();
  const guest = user.kind === "guest";
  const signOut = async () => {
    try {
      await auth.signOut();
      client.reset();
    } catch {
      // Still signed in, and the page still says so.
    }
  };
  return (
    <div className={styles["user"]}>
      <span className={styles["avatar"]} aria-hidden="true">
        {(guest ? "G" : user.name).slice(0, 1).toUpperCase()}
      </span>
      <span className={styles["userName"]}>{guest ? "Guest" : user.name}</span>
      <Menu
        trigger={
          <IconButton label="Settings">
            <Settings2 size={18} aria-hidden />
          </IconButton>
        }
      >
        <MenuChoice
          label="Appearance"
          value={theme}
          options={THEMES}
          check={<Check size={15} aria-hidden />}
          onChange={setTheme}
        />
        {!guest && (
          <>
            <MenuSeparator />
            <MenuItem icon={<LogOut size={16} aria-hidden />} onSelect={() => void signOut()}>
              Sign out
            </MenuItem>
          </>
        )}
      </Menu>
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
