import type { User } from "@millrace/client";
import { useChatStream } from "@millrace/react";
import { ArrowDown, PanelLeft } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Auth } from "../auth/auth.ts";
import { Sidebar } from "../sessions/Sidebar.tsx";
import { titleOf } from "../sessions/titles.ts";
import { IconButton } from "../ui/Button.tsx";
import { Announcer } from "./Announcer.tsx";
import { Composer } from "./Composer.tsx";
import { ConnectionBanner, ConnectionChip } from "./Connection.tsx";
import styles from "./chat.module.css";
import { EmptyState } from "./EmptyState.tsx";
import { Messages } from "./Messages.tsx";
import { Missing } from "./Missing.tsx";
import { useModels } from "./useModels.ts";
import { useReasoningChoice } from "./useReasoningChoice.ts";
import { useSessionTitle } from "./useSessionTitle.ts";
import { useStickToBottom } from "./useStickToBottom.ts";

function hintFor(model: string): string {
  return model.startsWith("embedded/")
    ? "Answers quote Millrace’s documentation."
    : `${model} can be wrong: check what matters.`;
}

interface ChatPageProps {
  readonly sessionId: string | null;
  readonly user: User;
  readonly auth: Auth;
}

export function ChatPage({ sessionId, user, auth }: ChatPageProps) {
  const [, navigate] = useLocation();
  const onSession = useCallback(
    (id: string) => navigate(`/chat/${id}`, { replace: true }),
    [navigate],
  );
  const stream = useChatStream({ sessionId, onSession });
  const { messages, isStreaming, loading, currentSessionId, key } = stream;
  const title = useSessionTitle(currentSessionId);
  const models = useModels();
  const [reasoning, setReasoning] = useReasoningChoice();
  const [menuOpen, setMenuOpen] = useState(false);
  const { scroller, content, away, toBottom } = useStickToBottom(messages.length > 0);
  const input = useRef<HTMLTextAreaElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation begins at its end, ready to write
  useEffect(() => {
    toBottom();
    setMenuOpen(false);
    if (matchMedia("(hover: hover)").matches) input.current?.focus();
  }, [sessionId, toBottom]);

  const send = (message: string) => {
    stream.sendMessage(message, reasoning ? { enable_reasoning: true } : {});
    toBottom();
    input.current?.focus();
  };
  const startNew = () => {
    stream.clearMessages();
    navigate("/chat");
    setMenuOpen(false);
    input.current?.focus();
  };
  const missing = loading === "failed" && messages.length === 0;
  const empty = messages.length === 0 && (sessionId === null || loading === "ready");

  return (
    <div className={styles["layout"]}>
      <Sidebar
        user={user}
        auth={auth}
        current={currentSessionId}
        open={menuOpen}
        onClose={() => setMenuOpen(false)}
        onNew={startNew}
      />
      <main className={styles["main"]}>
        <header className={styles["header"]}>
          <IconButton
            label="Conversations"
            className={styles["menuButton"]}
            onClick={() => setMenuOpen(true)}
          >
            <PanelLeft size={19} aria-hidden />
          </IconButton>
          <h1 className={styles["title"]}>
            {currentSessionId ? titleOf(title) : "New conversation"}
          </h1>
          <ConnectionChip />
        </header>
        <section
          className={styles["scroller"]}
          ref={scroller}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          aria-label="Conversation"
        >
          <div className={styles["content"]} ref={content}>
            {missing && <Missing failure={stream.error} onNew={startNew} onRetry={stream.reload} />}
            {empty && <EmptyState model={models?.default ?? null} onAsk={send} />}
            {key !== null && (
              <Messages
                conversationKey={key}
                messages={messages}
                busy={isStreaming}
                reasoning={reasoning}
              />
            )}
          </div>
        </section>
        <footer className={styles["footer"]}>
          {away && (
            <IconButton
              label="To the newest"
              className={styles["toBottom"]}
              onClick={() => toBottom(true)}
            >
              <ArrowDown size={18} aria-hidden />
            </IconButton>
          )}
          <ConnectionBanner onReconnect={stream.reconnect} />
          <Composer
            draftKey={currentSessionId ?? "new"}
            busy={isStreaming}
            reasoning={reasoning}
            canReason={!models?.default.startsWith("embedded/")}
            inputRef={input}
            hint={models ? hintFor(models.default) : ""}
            onReasoning={setReasoning}
            onSend={send}
            onStop={stream.stopGeneration}
          />
        </footer>
      </main>
      <Announcer message={messages.at(-1)} />
    </div>
  );
}
