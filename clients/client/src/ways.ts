import type { Api } from "./api.ts";
import type { Clock } from "./clock.ts";
import { exchangeTransport } from "./exchange.ts";
import type { Channel, ChannelEvents, Transport } from "./transport.ts";

/**
 * By what the server is spoken to, best first. `sse`: requests whose answers are event streams. `batch`: each answer is
 * asked for as a whole.
 */
export type TransportKind = "websocket" | "sse" | "batch";

/** One way to the server. */
export interface Way {
  readonly kind: TransportKind;
  readonly transport: Transport;
  /** The address of one attempt. Throws `ApiError` where the server does not answer or does not let us in. */
  readonly address: () => Promise<string>;
}

/**
 * The ways of the protocol `chat`, in the order in which they are given.
 *
 * @param socket Opens WebSockets; null where the environment has none, as Node before version 22.
 */
export function chatWays(
  api: Api,
  clock: Clock,
  socket: Transport | null,
  kinds: readonly TransportKind[],
): Way[] {
  const all: Record<TransportKind, Way | null> = {
    websocket: socket && socketWay(api, socket, "/api/ws/chat"),
    sse: {
      kind: "sse",
      transport: exchangeTransport(api, clock),
      address: async () => {
        await api.reach();
        return "/api/v1/chat/stream";
      },
    },
    batch: bareWay(api),
  };
  return kinds.map((kind) => all[kind]).filter((way) => way !== null);
}

/** A WebSocket at a path of the server. */
export function socketWay(api: Api, socket: Transport, path: string): Way {
  return { kind: "websocket", transport: socket, address: () => api.socketAddress(path) };
}

/** No more than to know that the server is there. */
export function bareWay(api: Api): Way {
  return {
    kind: "batch",
    transport: { open: (_, events) => new BareChannel(api, events) },
    address: async () => {
      await api.reach();
      return "";
    },
  };
}

/** Carries nothing but signs of life: what is asked goes another way. */
class BareChannel implements Channel {
  readonly #api: Api;
  readonly #events: ChannelEvents;
  #closed = false;

  constructor(api: Api, events: ChannelEvents) {
    this.#api = api;
    this.#events = events;
    queueMicrotask(() => this.#closed || events.onOpen());
  }

  send(): void {
    this.#api.reach().then(
      () => this.#closed || this.#events.onText('{"type":"pong","data":{}}'),
      () => this.#closed || this.#events.onClose(1006, ""),
    );
  }

  close(): void {
    this.#closed = true;
  }
}
