import type { User } from "@millrace/client";
import { useChatClient, useChatStream, useReadable } from "@millrace/react";
import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Auth } from "../auth/auth.ts";
import { Sidebar } from "../sessions/Sidebar.tsx";
import { titleOf } from "../sessions/titles.ts";
import { useAttachments } from "../state/attachments.ts";
import { useChoices } from "../state/choices.ts";
import { usePage } from "../state/page.ts";
import { IconButton } from "../ui/Button.tsx";
import { Announcer } from "./Announcer.tsx";
import { askOptions, offered } from "./askOptions.ts";
import { Composer } from "./Composer.tsx";
import { ConnectionBanner } from "./Connection.tsx";
import styles from "./chat.module.css";
import { conversationView } from "./conversationView.ts";
import { Dialogs } from "./Dialogs.tsx";
import { DropZone } from "./DropZone.tsx";
import { EmptyState } from "./EmptyState.tsx";
import { Header } from "./Header.tsx";
import { Missing } from "./Missing.tsx";
import { ModelControl } from "./ModelControl.tsx";
import { Queue, queuedQuestions } from "./Queue.tsx";
import { SidePanel } from "./SidePanel.tsx";
import { ThinkingControl } from "./ThinkingControl.tsx";
import { useBranches } from "./useBranches.ts";
import { useDelivery } from "./useDelivery.ts";
import { useModels } from "./useModels.ts";
import { useNotices } from "./useNotices.ts";
import { useSessionTitle } from "./useSessionTitle.ts";
import { useShortcuts } from "./useShortcuts.ts";
import { useStickToBottom } from "./useStickToBottom.ts";

function hintFor(model: string): string {
  return model.startsWith("embedded/")
    ? "Answers quote Millrace’s documentation and your documents."
    : "Answers can be wrong: check what matters.";
}

interface ChatPageProps {
  readonly sessionId: string | null;
  readonly user: User;
  readonly auth: Auth;
}

export function ChatPage({ sessionId, user, auth }: ChatPageProps) {
  const [, navigate] = useLocation();
  const client = useChatClient();
  const moveAttachments = useAttachments((state) => state.move);
  const created = useRef<string | null>(null);
  const onSession = useCallback(
    (id: string) => {
      created.current = id;
      // In a task of its own: the first words have just come, and are painted before the page gets its address.
      setTimeout(() => {
        moveAttachments("new", id);
        navigate(`/chat/${id}`, { replace: true });
      });
    },
    [navigate, moveAttachments],
  );
  const stream = useChatStream({ sessionId, onSession });
  const { messages, isStreaming, loading, currentSessionId, key, sendMessage, clearMessages } =
    stream;
  const { paused, hasOlder } = useReadable(client.conversation(key ?? "draft:").state);
  const title = useSessionTitle(currentSessionId);
  const models = useModels();
  const [menuOpen, setMenuOpen] = useState(false);
  const showSources = usePage((page) => page.showSources);
  const { scroller, content, away, toBottom, release } = useStickToBottom(messages.length > 0);
  const input = useRef<HTMLTextAreaElement>(null);
  const draftKey = currentSessionId ?? "new";
  const chosen = useChoices((choices) => choices.model);
  const model = offered(chosen, models) ?? models?.default ?? null;
  useDelivery();
  useNotices();

  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation begins at its end, ready to write
  useEffect(() => {
    // What was begun here has only got its address: nothing moves.
    if (sessionId !== null && sessionId === created.current) return;
    created.current = null;
    toBottom();
    setMenuOpen(false);
    showSources(null);
    if (matchMedia("(hover: hover)").matches) input.current?.focus();
  }, [sessionId, toBottom]);

  const send = useCallback(
    (message: string, documents: readonly string[] = []) => {
      void conversationView.load();
      const context = { enable_rag: true, document_ids: [...documents] };
      const options = askOptions(useChoices.getState());
      sendMessage(message, documents.length > 0 ? { ...options, context } : options);
      toBottom();
      input.current?.focus();
    },
    [sendMessage, toBottom],
  );
  const ask = useCallback((question: string) => send(question), [send]);
  const startNew = useCallback(() => {
    clearMessages();
    navigate("/chat");
    setMenuOpen(false);
    input.current?.focus();
  }, [clearMessages, navigate]);
  const openMenu = useCallback(() => setMenuOpen(true), []);
  const closeMenu = useCallback(() => setMenuOpen(false), []);
  const onFiles = useCallback(
    (files: File[]) => useAttachments.getState().add(client.api, draftKey, files),
    [client, draftKey],
  );
  const onPause = useCallback(
    (hold: boolean) => {
      if (key === null) return;
      if (hold) client.pause(key);
      else client.continue(key);
    },
    [client, key],
  );
  const { onBranch, onEdit } = useBranches(currentSessionId, startNew);
  useShortcuts({ busy: isStreaming, input, onNew: startNew, onStop: stream.stopGeneration });

  const missing = loading === "failed" && messages.length === 0;
  const named = currentSessionId ? titleOf(title) : "New conversation";
  const shown = messages.length > 0;
  useEffect(() => {
    // Nobody may have seen it coming: what was written before a reload is shown without being asked for.
    if (shown) void conversationView.load();
  }, [shown]);
  const empty = !shown && (sessionId === null || loading === "ready");
  const controls = useMemo(
    () =>
      models && (
        <>
          <ModelControl models={models} />
          {!model?.startsWith("embedded/") && <ThinkingControl />}
        </>
      ),
    [models, model],
  );

  return (
    <div className={styles["layout"]}>
      <Sidebar
        user={user}
        current={currentSessionId}
        open={menuOpen}
        onClose={closeMenu}
        onNew={startNew}
      />
      <main className={styles["main"]}>
        <Header
          title={missing ? "Conversation" : named}
          shared={messages.some(({ id }) => id !== null) ? currentSessionId : null}
          onMenu={openMenu}
        />
        <section
          className={styles["scroller"]}
          ref={scroller}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          aria-label="Conversation"
        >
          <div className={styles["content"]} ref={content}>
            {missing && <Missing failure={stream.error} onNew={startNew} onRetry={stream.reload} />}
            {empty && <EmptyState models={models} onAsk={ask} />}
            {key !== null && shown && (
              <conversationView.Component
                key={key}
                conversationKey={key}
                messages={messages}
                busy={isStreaming}
                hasOlder={hasOlder}
                scroller={scroller}
                onLeave={release}
                onAsk={ask}
                onEdit={onEdit}
                onBranch={onBranch}
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
          <Queue questions={queuedQuestions(messages)} />
          <Composer
            draftKey={draftKey}
            busy={isStreaming}
            paused={paused}
            inputRef={input}
            controls={controls}
            hint={model ? hintFor(model) : ""}
            onSend={send}
            onStop={stream.stopGeneration}
            onPause={onPause}
            onFiles={onFiles}
            onBegin={loadConversation}
          />
        </footer>
      </main>
      <SidePanel messages={messages} />
      <DropZone onFiles={onFiles} />
      <Dialogs user={user} auth={auth} current={currentSessionId} onNew={startNew} />
      <Announcer message={messages.at(-1)} />
    </div>
  );
}

const loadConversation = () => void conversationView.load();
