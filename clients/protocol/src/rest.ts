/**
 * What the HTTP side answers, under the names that the client uses. The shapes are generated from the server's
 * own description; by hand is only what that leaves open (`metadata`, the error codes, problem details).
 */

import type { CompletionMetadata, ErrorCode } from "./chat.ts";
import type * as wire from "./rest.gen.ts";

export type AuthSession = wire.AuthSessionShape;
export type AuthMode = AuthSession["mode"];
export type User = wire.UserShape;
export type SignedIn = wire.SignedInShape;
export type StopRequest = wire.StopRequest;
export type WsTicket = wire.TicketShape;
export type Session = wire.SessionShape;
export type SessionPage = wire.SessionsShape;
export type SearchResult = wire.SearchResultShape;
export type BatchRequest = wire.ChatRequest;
export type BatchAnswer = Omit<wire.ChatAnswer, "metadata"> & { metadata: CompletionMetadata };
export type ModelInfo = wire.ModelShape;
export type ModelList = wire.ModelsShape;
export type Preferences = wire.PreferencesShape;
export type PreferencesChange = wire.PreferencesChange;
export type Share = wire.ShareShape;
export type NewShare = wire.NewShareShape;
export type SharedMessage = wire.SharedMessageShape;
export type SharedConversation = wire.SharedShape;
export type DocumentInfo = wire.DocumentShape;
export type DocumentList = wire.DocumentsShape;

export type Message = Omit<wire.MessageShape, "metadata" | "error"> & {
  metadata: Partial<CompletionMetadata> | null;
  error: { code: ErrorCode; message: string } | null;
};

export type RunningTurn = Omit<wire.RunningShape, "user_message"> & { user_message: Message };

export interface SessionDetail {
  session: Session;
  /** Oldest first; the newest 200. */
  messages: Message[];
  running: RunningTurn[];
}

/** RFC 9457 problem details. */
export interface Problem {
  title: string;
  status: number;
  detail?: string;
  code: ErrorCode;
  recoverable?: boolean;
  /** Seconds. */
  retry_after?: number | null;
}
