import { ApiError } from "@millrace/client";
import { useChatClient } from "@millrace/react";
import { useCallback } from "react";
import { useLocation } from "wouter";
import { useChoices } from "../state/choices.ts";
import { usePage } from "../state/page.ts";
import { askOptions } from "./askOptions.ts";

/** Going on in another way, in a conversation of its own; the old one stays as it is. */
export function useBranches(sessionId: string | null, startNew: () => void) {
  const client = useChatClient();
  const [, navigate] = useLocation();
  const toast = usePage((page) => page.toast);

  /** Branches off after a message, and asks there. */
  const branch = useCallback(
    async (after: string, question: string | null): Promise<void> => {
      if (sessionId === null) return;
      try {
        const { id } = await client.api.branchSession(sessionId, after);
        void client.sessions.refresh();
        navigate(`/chat/${id}`);
        if (question !== null) client.send(id, question, askOptions(useChoices.getState()));
      } catch (cause) {
        const text = cause instanceof ApiError ? cause.message : "The branch could not be made.";
        const action = { label: "Try again", run: () => void branch(after, question) };
        toast(text, { tone: "bad", action });
      }
    },
    [client, navigate, sessionId, toast],
  );
  const onBranch = useCallback((messageId: string) => void branch(messageId, null), [branch]);
  const onEdit = useCallback(
    (after: string | null, question: string) => {
      if (after !== null) {
        void branch(after, question);
        return;
      }
      startNew();
      const key = client.send(null, question, askOptions(useChoices.getState()));
      const conversation = client.conversation(key).state;
      // Until the server has made the session there is nowhere to go to.
      const unsubscribe = conversation.subscribe(() => {
        const created = conversation.get().sessionId;
        if (created === null) return;
        unsubscribe();
        navigate(`/chat/${created}`);
      });
    },
    [branch, client, navigate, startNew],
  );
  return { onBranch, onEdit };
}
