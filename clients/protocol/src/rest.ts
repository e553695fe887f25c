/** What the HTTP side answers: sessions, messages, sign-in. Times are ISO 8601 in UTC. */

import type { CompletionMetadata, ErrorCode } from "./chat.ts";

export type AuthMode = "guest" | "accounts" | "jwt";

export interface User {
  id: string;
  name: string;
  kind: "guest" | "account" | "external";
}

/** Who the caller is; `user` is null where signing in is still to be done. */
export interface AuthSession {
  mode: AuthMode;
  user: User | null;
}

export interface SignedIn {
  user: User;
  access_token: string;
  token_type: "bearer";
  /** Seconds. */
  expires_in: number;
}

export interface WsTicket {
  ticket: string;
  /** Seconds. */
  expires_in: number;
}

export interface Session {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
  message_count: number;
}

export interface Message {
  id: string;
  session_id: string;
  turn_id: string;
  role: "user" | "assistant";
  content: string;
  status: "complete" | "cancelled" | "failed";
  created_at: string;
  version: number;
  version_count: number;
  reasoning: string | null;
  metadata: Partial<CompletionMetadata> | null;
  error: { code: ErrorCode; message: string } | null;
  reactions: string[];
}

export interface RunningTurn {
  turn_id: string;
  message_id: string;
  state: "running" | "queued";
  user_message: Message;
}

export interface SessionPage {
  sessions: Session[];
  next_cursor: string | null;
}

export interface SessionDetail {
  session: Session;
  /** Oldest first; the newest 200. */
  messages: Message[];
  running: RunningTurn[];
}

export interface SearchResult {
  session_id: string;
  session_title: string;
  message_id: string;
  role: "user" | "assistant";
  snippet: string;
  created_at: string;
}

export interface ModelInfo {
  /** `provider/model` */
  id: string;
  provider: string;
  name: string;
  capabilities: Record<string, unknown>;
  context_length: number | null;
}

export interface ModelList {
  default: string;
  models: ModelInfo[];
}

/** RFC 9457 problem details. */
export interface Problem {
  title: string;
  status: number;
  detail?: string;
  code: ErrorCode;
  recoverable?: boolean;
  /** Seconds. */
  retry_after?: number;
}
