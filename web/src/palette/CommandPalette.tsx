import type { SearchResult, Session } from "@millrace/client";
import { useChatClient, useSessions } from "@millrace/react";
import { Command } from "cmdk";
import {
  Keyboard,
  MessageSquare,
  MessageSquareText,
  Monitor,
  Moon,
  Settings2,
  Share2,
  SquarePen,
  Sun,
  Waves,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import type { DialogsProps } from "../chat/Dialogs.tsx";
import { titleOf } from "../sessions/titles.ts";
import { useChoices } from "../state/choices.ts";
import { usePage } from "../state/page.ts";
import { useTheme } from "../theme/useTheme.ts";
import { marked } from "./marked.tsx";
import styles from "./palette.module.css";
import { useSearch } from "./useSearch.ts";

/** As many conversations as can be taken in at a glance. */
const MOST_SESSIONS = 8;

interface Action {
  readonly label: string;
  readonly icon: ReactNode;
  readonly run: () => void;
}

/** Everything that can be done and everything that was said, by typing. */
export function CommandPalette(props: DialogsProps & { searching: boolean }) {
  const { current, searching } = props;
  const show = usePage((page) => page.show);
  const goTo = usePage((page) => page.goTo);
  const [, navigate] = useLocation();
  const { sessions } = useSessions();
  const [text, setText] = useState("");
  const { api } = useChatClient();
  const found = useSearch(api, text);
  const actions = useActions(props);
  const wanted = text.trim().toLowerCase();

  const close = () => show(null);
  const open = (session: Session) => {
    close();
    navigate(`/chat/${session.id}`);
  };
  const openMessage = (result: SearchResult) => {
    close();
    goTo({ sessionId: result.session_id, messageId: result.message_id });
    navigate(`/chat/${result.session_id}`);
  };
  const named = sessions
    .filter((one) => one.id !== current && titleOf(one.title).toLowerCase().includes(wanted))
    .slice(0, MOST_SESSIONS);
  const shownActions =
    searching && !wanted
      ? []
      : actions.filter((action) => action.label.toLowerCase().includes(wanted));

  return (
    <Command.Dialog
      open
      onOpenChange={(isOpen) => !isOpen && close()}
      label={searching ? "Search" : "Commands"}
      shouldFilter={false}
      loop
      overlayClassName={styles["overlay"] ?? ""}
      contentClassName={styles["dialog"] ?? ""}
    >
      <Command.Input
        className={styles["input"]}
        placeholder={searching ? "Search all messages…" : "Search, or type a command…"}
        value={text}
        onValueChange={setText}
        data-testid="palette-input"
      />
      <Command.List className={styles["results"]}>
        <Command.Empty className={styles["nothing"]}>
          {found.state === "searching" ? "Searching…" : "Nothing found."}
        </Command.Empty>
        {shownActions.length > 0 && (
          <Command.Group heading="Commands" className={styles["group"]}>
            {shownActions.map((action) => (
              <Command.Item
                key={action.label}
                value={`do ${action.label}`}
                className={styles["item"]}
                onSelect={() => {
                  close();
                  action.run();
                }}
              >
                {action.icon}
                {action.label}
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {named.length > 0 && (
          <Command.Group heading="Conversations" className={styles["group"]}>
            {named.map((session) => (
              <Command.Item
                key={session.id}
                value={`go ${session.id}`}
                className={styles["item"]}
                onSelect={() => open(session)}
              >
                <MessageSquare size={16} aria-hidden />
                <span className={styles["title"]}>{titleOf(session.title)}</span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {found.results.length > 0 && (
          <Command.Group heading="Messages" className={styles["group"]}>
            {found.results.map((result) => (
              <Command.Item
                key={result.message_id}
                value={`at ${result.message_id}`}
                className={styles["item"]}
                data-testid="search-result"
                onSelect={() => openMessage(result)}
              >
                <MessageSquareText size={16} aria-hidden />
                <span className={styles["words"]}>
                  {marked(result.snippet, text)}
                  <small>
                    {titleOf(result.session_title)} · {result.role === "user" ? "you" : "answer"} ·{" "}
                    {new Date(result.created_at).toLocaleDateString()}
                  </small>
                </span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {found.state === "failed" && (
          <p className={styles["nothing"]} role="alert">
            {found.message}
          </p>
        )}
      </Command.List>
    </Command.Dialog>
  );
}

function useActions({ current, onNew }: DialogsProps): Action[] {
  const show = usePage((page) => page.show);
  const share = usePage((page) => page.share);
  const [theme, setTheme] = useTheme();
  const { realtime, set } = useChoices();
  const actions: (Action | false)[] = [
    { label: "New conversation", icon: <SquarePen size={16} aria-hidden />, run: onNew },
    current !== null && {
      label: "Share this conversation",
      icon: <Share2 size={16} aria-hidden />,
      run: () => share(current),
    },
    {
      label: "Settings",
      icon: <Settings2 size={16} aria-hidden />,
      run: () => show("settings"),
    },
    {
      label: "Keyboard shortcuts",
      icon: <Keyboard size={16} aria-hidden />,
      run: () => show("shortcuts"),
    },
    theme !== "light" && {
      label: "Light theme",
      icon: <Sun size={16} aria-hidden />,
      run: () => setTheme("light"),
    },
    theme !== "dark" && {
      label: "Dark theme",
      icon: <Moon size={16} aria-hidden />,
      run: () => setTheme("dark"),
    },
    theme !== "system" && {
      label: "Theme of the system",
      icon: <Monitor size={16} aria-hidden />,
      run: () => setTheme("system"),
    },
    {
      label: realtime ? "Switch real-time streaming off" : "Switch real-time streaming on",
      icon: <Waves size={16} aria-hidden />,
      run: () => set({ realtime: !realtime }),
    },
  ];
  return actions.filter((action): action is Action => action !== false);
}
