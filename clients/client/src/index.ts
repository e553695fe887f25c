export * from "@millrace/protocol";
export { Api, type ApiOptions } from "./api.ts";
export { backoffMs } from "./backoff.ts";
export { ChatClient } from "./client.ts";
export { type Clock, systemClock } from "./clock.ts";
export type { ConnectionState, ConnectionStatus } from "./connection.ts";
export type { Conversation } from "./conversation.ts";
export type { ConversationState } from "./conversationState.ts";
export { sha256 } from "./digest.ts";
export { ApiError, type Failure, type FailureCode } from "./errors.ts";
export { emptyFold, type FoldedMessage, foldEntries, foldEntry } from "./fold.ts";
export { type ChatMessage, isPending, type MessageStatus, sharedMessage } from "./messages.ts";
export { browserNetwork, type Network, type NetworkEvent } from "./network.ts";
export type { ChatClientOptions, ClientEvent, RegenerateOptions, SendOptions } from "./options.ts";
export type { KeyValueStorage } from "./outbox.ts";
export { onNextPaint, type Schedule } from "./schedule.ts";
export type { SessionList, SessionListState } from "./sessions.ts";
export { type Readable, Store } from "./store.ts";
export {
  StreamClient,
  type StreamClientOptions,
  type StreamEvent,
  type StreamRequest,
} from "./stream.ts";
export { browserTabs, type TabMessage, type Tabs } from "./tabs.ts";
export {
  type Channel,
  type ChannelEvents,
  type Transport,
  webSocketTransport,
} from "./transport.ts";
export { foldFrame, newTurn, type Seam, type Turn, type TurnPhase } from "./turn.ts";
export type { TransportKind } from "./ways.ts";
