import type { ChatClient } from "@millrace/client";
import { createContext, type ReactNode, useContext, useEffect } from "react";

const ClientContext = createContext<ChatClient | null>(null);

export interface ChatProviderProps {
  /** Made once, outside of rendering. */
  readonly client: ChatClient;
  /** Whether to be connected; false while nobody is signed in. */
  readonly connect?: boolean;
  readonly children: ReactNode;
}

/** Gives the client to the tree below and keeps it connected while the tree is there. */
export function ChatProvider({ client, connect = true, children }: ChatProviderProps) {
  useEffect(() => (connect ? client.connect() : undefined), [client, connect]);
  return <ClientContext value={client}>{children}</ClientContext>;
}

/** The client of the nearest provider. */
export function useChatClient(): ChatClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error("useChatClient needs a <ChatProvider> above it.");
  return client;
}
