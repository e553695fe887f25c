import type { ClientFrame, ServerFrame } from "@millrace/protocol";
import { backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { ApiError, type Failure } from "./errors.ts";
import type { Network, NetworkEvent } from "./network.ts";
import { type Readable, Store } from "./store.ts";
import type { Channel, Transport } from "./transport.ts";

/**
 * `connecting`: the first attempt runs. `reconnecting`: it was lost or did not come about, and is tried again
 * at `retryAt`. `error`: only a person can help (signing in), so nothing is tried until `retry`.
 */
export type ConnectionState =
  | "disconnected"
  | "connecting"
  | "connected"
  | "reconnecting"
  | "error";

export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** Failed attempts since the last good connection. */
  readonly attempt: number;
  /** When the next attempt begins, in milliseconds since the epoch; null while none is planned. */
  readonly retryAt: number | null;
  readonly error: Failure | null;
  /** What the surroundings say about the network; false does not keep us from trying. */
  readonly online: boolean;
}

/** Frames of whichever protocol: `{type, data}` both ways, and a ping that is answered. */
interface Frame {
  readonly type: string;
  readonly data: unknown;
}

export interface ConnectionOptions<Incoming extends Frame = ServerFrame> {
  readonly transport: Transport;
  readonly clock: Clock;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
  readonly network: Network;
  /** The address of one attempt; fetches a fresh one-time ticket. Throws `ApiError`. */
  readonly address: () => Promise<string>;
  readonly onOpen: () => void;
  readonly onFrame: (frame: Incoming) => void;
}

type Ping = { readonly type: "ping"; readonly data: unknown };

const OPEN_LIMIT_MS = 10_000;
const HEARTBEAT_MS = 20_000;
const ANSWER_LIMIT_MS = 10_000;
/** How long a connection may take to prove itself when the network is said to be gone or the page woke up. */
const PROBE_LIMIT_MS = 3_000;

/** Keeps one connection to the server alive. What is sent over it is the caller's business. */
export class Connection<
  Incoming extends Frame = ServerFrame,
  Outgoing extends Frame = ClientFrame,
> {
  readonly #options: ConnectionOptions<Incoming>;
  readonly #status: Store<ConnectionStatus>;
  #channel: Channel | null = null;
  #open = false;
  /** Grows with each attempt; what belongs to an older one is ignored. */
  #epoch = 0;
  #retryTimer: unknown = null;
  #openTimer: unknown = null;
  #heartbeatTimer: unknown = null;
  #answerTimer: unknown = null;
  #unsubscribe: (() => void) | null = null;

  constructor(options: ConnectionOptions<Incoming>) {
    this.#options = options;
    this.#status = new Store<ConnectionStatus>({
      state: "disconnected",
      attempt: 0,
      retryAt: null,
      error: null,
      online: options.network.online(),
    });
  }

  get status(): Readable<ConnectionStatus> {
    return this.#status;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  start(): void {
    if (this.#unsubscribe) return;
    this.#unsubscribe = this.#options.network.subscribe((event) => this.#onNetwork(event));
    this.#change({ state: "connecting", attempt: 0, online: this.#options.network.online() });
    void this.#attempt();
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#drop();
    this.#change({ state: "disconnected", attempt: 0, retryAt: null, error: null });
  }

  /** Tries now instead of at the planned time; also the way out of `error`. */
  retry(): void {
    if (!this.#unsubscribe || this.#open || this.#status.get().state === "connecting") return;
    this.#drop();
    this.#change({ state: "reconnecting", retryAt: null });
    void this.#attempt();
  }

  /** Sends where the connection is open. Returns whether it was. */
  send(frame: Outgoing | Ping): boolean {
    if (!this.#open || !this.#channel) return false;
    this.#channel.send(JSON.stringify(frame));
    return true;
  }

  async #attempt(): Promise<void> {
    const { clock, transport, address } = this.#options;
    const epoch = ++this.#epoch;
    this.#openTimer = clock.setTimeout(() => this.#lost(epoch, null), OPEN_LIMIT_MS);
    try {
      const url = await address();
      if (epoch !== this.#epoch) return;
      this.#channel = transport.open(url, {
        onOpen: () => this.#onOpen(epoch),
        onText: (text) => this.#onText(epoch, text),
        onClose: () => this.#lost(epoch, null),
      });
    } catch (error) {
      if (epoch !== this.#epoch) return;
      const failure = error instanceof ApiError ? error : ApiError.unreachable(error);
      if (failure.code === "UNAUTHORIZED") {
        this.#drop();
        this.#change({ state: "error", retryAt: null, error: failure });
      } else {
        this.#lost(epoch, failure);
      }
    }
  }

  #onOpen(epoch: number): void {
    if (epoch !== this.#epoch) return;
    this.#options.clock.clearTimeout(this.#openTimer);
    this.#open = true;
    this.#change({ state: "connected", retryAt: null, error: null });
    // The answer proves that the way back works too; only then the count of failures starts anew.
    this.#ask(ANSWER_LIMIT_MS);
    this.#options.onOpen();
  }

  #onText(epoch: number, text: string): void {
    if (epoch !== this.#epoch) return;
    if (this.#status.get().attempt > 0) this.#change({ attempt: 0 });
    this.#beat();
    let frame: Incoming;
    try {
      frame = JSON.parse(text) as Incoming;
    } catch {
      // Not ours to interpret, and no reason to end a connection that carries other turns.
      console.warn("Millrace: a frame that is not JSON was ignored");
      return;
    }
    this.#options.onFrame(frame);
  }

  /** Plans the next sign of life; whatever arrives puts it off. */
  #beat(): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#answerTimer);
    this.#answerTimer = null;
    clock.clearTimeout(this.#heartbeatTimer);
    this.#heartbeatTimer = clock.setTimeout(() => this.#ask(ANSWER_LIMIT_MS), HEARTBEAT_MS);
  }

  #ask(limitMs: number): void {
    const { clock } = this.#options;
    const epoch = this.#epoch;
    if (!this.send({ type: "ping", data: { at: clock.now() } })) return;
    clock.clearTimeout(this.#answerTimer);
    this.#answerTimer = clock.setTimeout(() => this.#lost(epoch, null), limitMs);
  }

  #lost(epoch: number, error: Failure | null): void {
    if (epoch !== this.#epoch) return;
    this.#drop();
    const { clock, random } = this.#options;
    const attempt = this.#status.get().attempt + 1;
    const wait = backoffMs(attempt, random());
    this.#retryTimer = clock.setTimeout(() => {
      this.#change({ retryAt: null });
      void this.#attempt();
    }, wait);
    this.#change({ state: "reconnecting", attempt, retryAt: clock.now() + wait, error });
  }

  #drop(): void {
    const { clock } = this.#options;
    this.#epoch++;
    for (const timer of [
      this.#retryTimer,
      this.#openTimer,
      this.#heartbeatTimer,
      this.#answerTimer,
    ]) {
      clock.clearTimeout(timer);
    }
    this.#open = false;
    const channel = this.#channel;
    this.#channel = null;
    channel?.close(1000, "");
  }

  #onNetwork(event: NetworkEvent): void {
    this.#change({ online: this.#options.network.online() });
    if (this.#open) {
      // A server on this machine or in this house may well be reachable: ask it instead of believing.
      this.#ask(PROBE_LIMIT_MS);
    } else if (event !== "offline" && this.#status.get().retryAt !== null) {
      this.retry();
    }
  }

  #change(change: Partial<ConnectionStatus>): void {
    this.#status.update((status) => ({ ...status, ...change }));
  }
}
