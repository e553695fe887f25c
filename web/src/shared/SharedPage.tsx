import {
  type Api,
  ApiError,
  type ChatMessage,
  type SharedConversation,
  sharedMessage,
} from "@millrace/client";
import { useCallback, useEffect, useState } from "react";
import splash from "../app.module.css";
import { AnswerText } from "../chat/AnswerText.tsx";
import chat from "../chat/chat.module.css";
import row from "../chat/message.module.css";
import { modelName } from "../chat/modelName.ts";
import { SidePanel } from "../chat/SidePanel.tsx";
import { titleOf } from "../sessions/titles.ts";
import { SourceChips } from "../sources/SourceChips.tsx";
import { Button } from "../ui/Button.tsx";
import { Logo } from "../ui/Logo.tsx";
import styles from "./shared.module.css";
import type { SharedPageProps } from "./sharedView.tsx";

/** A conversation as somebody lets everybody read it who has its link. */
export function SharedPage({ api, secret }: SharedPageProps) {
  const { shown, messages, failure, older, load } = useShared(api, secret);
  const title = shown && titleOf(shown.title);
  useEffect(() => {
    document.title = title ? `${title} · Millrace` : "Millrace";
  }, [title]);
  if (failure && !shown) return <Gone failure={failure} onRetry={load} />;
  if (!shown) return <output className={splash["splash"]}>Loading…</output>;
  return (
    <div className={chat["layout"]}>
      <main className={chat["main"]}>
        <section
          className={chat["scroller"]}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          aria-label="Conversation"
        >
          <div className={chat["content"]}>
            <header className={styles["head"]}>
              <p className={styles["brand"]}>
                <Logo size={22} />
                <span>Shared conversation</span>
              </p>
              <h1>{title}</h1>
              <p className={styles["when"]}>
                <time dateTime={shown.updated_at}>{dateOf(shown.updated_at)}</time>
                <span>Read-only</span>
              </p>
            </header>
            {shown.has_older && (
              <Button className={styles["older"]} onClick={older}>
                Show earlier messages
              </Button>
            )}
            {failure && <p role="alert">{failure.message}</p>}
            {messages.length === 0 && <p className={row["note"]}>Nothing was said here yet.</p>}
            {messages.map((message) =>
              message.role === "user" ? (
                <article key={message.key} className={row["user"]} aria-label="Question">
                  {/* Whoever goes from heading to heading goes from question to question. */}
                  <h2 className="visually-hidden">Question</h2>
                  <p data-testid="user-message">{message.content}</p>
                </article>
              ) : (
                <SharedAnswer key={message.key} message={message} />
              ),
            )}
            <footer className={styles["foot"]}>
              <p>Answers were written by a language model and can be wrong: check what matters.</p>
              <a href="./chat">Start a conversation of your own</a>
            </footer>
          </div>
        </section>
      </main>
      <SidePanel messages={messages} />
    </div>
  );
}

const NOTES: Partial<Record<ChatMessage["status"], string>> = {
  cancelled: "This answer was stopped here.",
  failed: "This answer was not finished.",
};

function SharedAnswer({ message }: { message: ChatMessage }) {
  const note = NOTES[message.status];
  return (
    <article className={row["assistant"]} data-testid="ai-message" aria-label="Answer">
      {message.content && <AnswerText message={message} streaming={false} />}
      {note && <p className={row["note"]}>{note}</p>}
      <SourceChips message={message} />
      {message.model && (
        <p className={styles["model"]} title={message.model}>
          {modelName(message.model)}
        </p>
      )}
    </article>
  );
}

function Gone({ failure, onRetry }: { failure: ApiError; onRetry: () => void }) {
  const gone = failure.code === "NOT_FOUND";
  return (
    <main className={splash["splash"]}>
      <Logo size={40} />
      <h1>{gone ? "This link leads nowhere" : "This conversation could not be loaded"}</h1>
      <p>{gone ? "It was revoked, or the conversation was deleted." : failure.message}</p>
      {!gone && (
        <Button look="primary" onClick={onRetry}>
          Try again
        </Button>
      )}
    </main>
  );
}

function useShared(api: Api, secret: string) {
  const [shown, setShown] = useState<SharedConversation | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const first = shown?.messages[0]?.id;
  const attempt = useCallback(async (work: () => Promise<SharedConversation>) => {
    setFailure(null);
    try {
      setShown(await work());
    } catch (cause) {
      setFailure(cause instanceof ApiError ? cause : ApiError.unreachable(cause));
    }
  }, []);
  const load = useCallback(() => void attempt(() => api.shared(secret)), [attempt, api, secret]);
  useEffect(load, [load]);
  const older = () =>
    void attempt(async () => {
      const page = await api.shared(secret, first ? { before: first } : {});
      return { ...page, messages: [...page.messages, ...(shown?.messages ?? [])] };
    });
  return { shown, failure, load, older, messages: (shown?.messages ?? []).map(sharedMessage) };
}

function dateOf(when: string): string {
  return new Date(when).toLocaleDateString(undefined, { dateStyle: "long" });
}
