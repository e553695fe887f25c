import { useChatClient, useReadable, useSessions } from "@millrace/react";
import { useEffect } from "react";
import { titleOf } from "../sessions/titles.ts";

/** The session's title, from the list where it is newest; the browser's tab says it too. */
export function useSessionTitle(sessionId: string | null): string | null {
  const { sessions } = useSessions();
  const client = useChatClient();
  const conversation = useReadable(client.conversation(sessionId ?? "draft:").state);
  const listed = sessions.find((session) => session.id === sessionId);
  const title = listed?.title ?? conversation.session?.title ?? null;
  useEffect(() => {
    document.title = sessionId ? `${titleOf(title)} · Millrace` : "Millrace";
  }, [sessionId, title]);
  return title;
}
