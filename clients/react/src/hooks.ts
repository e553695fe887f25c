import type {
  ChatMessage,
  ConnectionConfig,
  ConnectionState,
  ConnectionStatus,
  ConversationState,
  Failure,
  Readable,
  RegenerateOptions,
  SendOptions,
  SessionListState,
  TransportKind,
} from "@millrace/client";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { useChatClient } from "./context.tsx";

/** The value of a store; renders again when it changes. */
export function useReadable<T>(readable: Readable<T>): T {
  return useSyncExternalStore(readable.subscribe, readable.get, readable.get);
}

export function useConnection(): ConnectionStatus {
  return useReadable(useChatClient().connection);
}

/** One conversation; loads it where the client has not seen it yet. */
export function useConversation(key: string): ConversationState {
  const client = useChatClient();
  const state = useReadable(client.conversation(key).state);
  const { loading, sessionId } = state;
  useEffect(() => {
    if (loading === "idle" && sessionId !== null) void client.open(sessionId);
  }, [client, loading, sessionId]);
  return state;
}

/** The person's sessions, newest activity first; reads them on first use. */
export function useSessions(): SessionListState {
  const { sessions } = useChatClient();
  const state = useReadable(sessions.state);
  useEffect(() => {
    if (sessions.state.get().loading === "idle") void sessions.refresh();
  }, [sessions]);
  return state;
}

export interface ChatStreamOptions {
  /** The session to show; null for a new one. */
  readonly sessionId?: string | null;
  /** Called once the server has created the session of a new conversation. */
  readonly onSession?: (sessionId: string) => void;
}

export interface ChatStream {
  /** The conversation's name on the client; null where nothing was said yet. */
  readonly key: string | null;
  readonly messages: readonly ChatMessage[];
  readonly loading: ConversationState["loading"];
  readonly connectionState: ConnectionState;
  readonly isConnected: boolean;
  /** By what the server is spoken to; null while it is not. */
  readonly transport: TransportKind | null;
  readonly isStreaming: boolean;
  /** Whether delivery is held; what is being written goes on. */
  readonly isPaused: boolean;
  /** Whether there are messages before the first one here; `loadOlder` brings them. */
  readonly hasOlder: boolean;
  readonly currentSessionId: string | null;
  /** What went wrong last: with the conversation, its newest answer or the connection. */
  readonly error: Failure | null;
  readonly sendMessage: (message: string, options?: SendOptions) => void;
  readonly stopGeneration: () => void;
  readonly regenerate: (messageId: string, options?: RegenerateOptions) => void;
  /** Makes another version of an answer the one that counts. Rejects with `ApiError`. */
  readonly selectVersion: (messageId: string, number: number) => Promise<void>;
  /** Sends a refused message again. */
  readonly resend: (requestId: string) => void;
  /** Takes back a message whose status is `waiting`. */
  readonly withdraw: (requestId: string) => void;
  readonly pause: () => void;
  /** Goes on with what was held. */
  readonly unpause: () => void;
  /** How fast, and what of it, answers are delivered to this client. */
  readonly configure: (config: ConnectionConfig) => void;
  /** Rejects with `ApiError`. */
  readonly loadOlder: () => Promise<void>;
  /** Begins a new conversation; the old one stays stored. */
  readonly clearMessages: () => void;
  readonly reconnect: () => void;
  /** Reads the conversation again, after it could not be loaded. */
  readonly reload: () => void;
}

const NEW_KEY = "draft:";

/** Everything a chat page needs, for one conversation. */
export function useChatStream(options: ChatStreamOptions = {}): ChatStream {
  const { sessionId = null, onSession } = options;
  const client = useChatClient();
  const [draftKey, setDraftKey] = useState<string | null>(() =>
    sessionId === null ? (client.drafts[0] ?? null) : null,
  );
  const key = sessionId ?? draftKey;
  const conversation = useConversation(key ?? NEW_KEY);
  const connection = useConnection();
  const created = sessionId === null && draftKey !== null ? conversation.sessionId : null;

  useEffect(() => {
    if (created !== null) onSession?.(created);
  }, [created, onSession]);
  useEffect(() => {
    // Once the page shows the session by its id, the next new conversation begins empty.
    if (sessionId !== null) setDraftKey(null);
  }, [sessionId]);

  const sendMessage = useCallback(
    (message: string, sendOptions?: SendOptions) => {
      const used = client.send(key, message, sendOptions);
      if (key === null) setDraftKey(used);
    },
    [client, key],
  );
  const stopGeneration = useCallback(() => {
    if (key !== null) client.stop(key);
  }, [client, key]);
  const currentSessionId = conversation.sessionId;
  const regenerate = useCallback(
    (messageId: string, regenerateOptions?: RegenerateOptions) => {
      if (currentSessionId === null) return;
      client.regenerate(currentSessionId, messageId, regenerateOptions);
    },
    [client, currentSessionId],
  );
  const selectVersion = useCallback(
    async (messageId: string, number: number) => {
      if (currentSessionId !== null)
        await client.selectVersion(currentSessionId, messageId, number);
    },
    [client, currentSessionId],
  );
  const loadOlder = useCallback(async () => {
    if (currentSessionId !== null) await client.loadOlder(currentSessionId);
  }, [client, currentSessionId]);
  const withdraw = useCallback((requestId: string) => client.withdraw(requestId), [client]);
  const pause = useCallback(() => {
    if (key !== null) client.pause(key);
  }, [client, key]);
  const unpause = useCallback(() => {
    if (key !== null) client.continue(key);
  }, [client, key]);
  const configure = useCallback((config: ConnectionConfig) => client.configure(config), [client]);
  const resend = useCallback(
    (requestId: string) => {
      if (key !== null) client.resend(key, requestId);
    },
    [client, key],
  );
  const clearMessages = useCallback(() => setDraftKey(null), []);
  const reconnect = useCallback(() => client.reconnect(), [client]);

  const reload = useCallback(() => {
    if (currentSessionId !== null) void client.open(currentSessionId);
  }, [client, currentSessionId]);

  return {
    key,
    messages: conversation.messages,
    loading: conversation.loading,
    connectionState: connection.state,
    isConnected: connection.state === "connected",
    transport: connection.transport,
    isStreaming: conversation.busy,
    isPaused: conversation.paused,
    hasOlder: conversation.hasOlder,
    currentSessionId,
    error: conversation.error ?? conversation.messages.at(-1)?.error ?? connection.error,
    sendMessage,
    stopGeneration,
    regenerate,
    selectVersion,
    resend,
    withdraw,
    pause,
    unpause,
    configure,
    loadOlder,
    clearMessages,
    reconnect,
    reload,
  };
}
