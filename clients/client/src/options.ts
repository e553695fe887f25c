import type { ChatRegenerateData, ChatRequestData } from "@millrace/protocol";
import type { Api } from "./api.ts";
import type { Clock } from "./clock.ts";
import type { Failure } from "./errors.ts";
import type { Network } from "./network.ts";
import type { KeyValueStorage } from "./outbox.ts";
import type { Schedule } from "./schedule.ts";
import type { Tabs } from "./tabs.ts";
import type { Transport } from "./transport.ts";
import type { Turn } from "./turn.ts";
import type { TransportKind } from "./ways.ts";

/** Everything is optional: what is not given is the browser's own. */
export interface ChatClientOptions {
  readonly api?: Api;
  /** Opens WebSockets; null where there are none. */
  readonly transport?: Transport | null;
  /** How the server may be spoken to, best first: by default WebSocket, then event streams, then whole answers. */
  readonly transports?: readonly TransportKind[];
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly network?: Network;
  /** Keeps unsent requests over a reload; null keeps them in memory alone. */
  readonly storage?: KeyValueStorage | null;
  /** When changes are published; the browser's next paint by default. */
  readonly schedule?: Schedule;
  readonly tabs?: Tabs | null;
  readonly createId?: () => string;
}

export type SendOptions = Omit<ChatRequestData, "message" | "request_id" | "session_id">;

export type RegenerateOptions = Omit<
  ChatRegenerateData,
  "message_id" | "request_id" | "session_id"
>;

/** Something worth telling whoever operates or embeds the client. */
export type ClientEvent =
  | { readonly kind: "digest-mismatch"; readonly turnId: string; readonly healed: boolean }
  | { readonly kind: "refused"; readonly failure: Failure }
  | { readonly kind: "turn-ended"; readonly turn: Turn };
