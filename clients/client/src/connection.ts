import type { ClientFrame, ServerFrame } from "@millrace/protocol";
import { backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { ApiError, type Failure } from "./errors.ts";
import type { Network, NetworkEvent } from "./network.ts";
import { type Readable, Store } from "./store.ts";
import type { Channel, ChannelEvents } from "./transport.ts";
import { Trial } from "./trial.ts";
import type { TransportKind, Way } from "./ways.ts";

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
  /** By what the server is spoken to; null while it is not. */
  readonly transport: TransportKind | null;
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
  /** How the server may be spoken to, best first. One that leads nowhere is followed by the next. */
  readonly ways: readonly Way[];
  readonly clock: Clock;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
  readonly network: Network;
  readonly onOpen: () => void;
  readonly onFrame: (frame: Incoming) => void;
}

type Ping = { readonly type: "ping"; readonly data: unknown };

const OPEN_LIMIT_MS = 10_000;
/** How long a way may take while there is another one, once the server has answered. */
const WAY_LIMIT_MS = 5_000;
/** After how long a better way is tried again. */
const CLIMBS_MS = [30_000, 60_000, 120_000, 300_000];
/** How a WebSocket ends of which the server knows nothing: without a code of its own. */
const UNTOLD = new Set([1000, 1005, 1006, 1015]);
/** How old a connection must be for a new credential to be worth another one. */
const RENEWAL_MS = 10_000;
const HEARTBEAT_MS = 20_000;
const ANSWER_LIMIT_MS = 10_000;
/** How long a connection may take to prove itself when the network is said to be gone or the page woke up. */
const PROBE_LIMIT_MS = 3_000;

/**
 * Keeps one connection to the server alive, by the best way that leads there: it steps down where one is blocked, and
 * tries from time to time whether a better one is free again. What is sent over it is the caller's business.
 */
export class Connection<
  Incoming extends Frame = ServerFrame,
  Outgoing extends Frame = ClientFrame,
> {
  readonly #options: ConnectionOptions<Incoming>;
  readonly #status: Store<ConnectionStatus>;
  #channel: Channel | null = null;
  #open = false;
  /** Whether anything came back by the way that is in use. */
  #proven = false;
  /** The way that is tried or in use, and the one to begin with the next time. */
  #way = 0;
  #firstWay = 0;
  #openedAt = 0;
  /** How often a better way was tried in vain. */
  #climbs = 0;
  #climbTimer: unknown = null;
  #trial: Trial | null = null;
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
      transport: null,
      attempt: 0,
      retryAt: null,
      error: null,
      online: options.network.online(),
    });
  }

  get status(): Readable<ConnectionStatus> {
    return this.#status;
  }

  /** Whether frames can be sent: by the way `batch` nothing but questions over HTTP is. */
  get isOpen(): boolean {
    return this.#open && this.#kind !== "batch";
  }

  get #kind(): TransportKind | null {
    return this.#options.ways[this.#way]?.kind ?? null;
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

  /** Tries now instead of at the planned time, be it for a better way; also the way out of `error`. */
  retry(): void {
    if (this.#open) this.#climb();
    if (!this.#unsubscribe || this.#open || this.#status.get().state === "connecting") return;
    this.#drop();
    this.#change({ state: "reconnecting", retryAt: null });
    void this.#attempt();
  }

  /** Begins anew with a new credential. Returns false where the one that was refused is as new as can be. */
  renew(): boolean {
    if (!this.#open || this.#options.clock.now() - this.#openedAt < RENEWAL_MS) return false;
    this.#drop();
    this.#change({ state: "reconnecting", retryAt: null });
    void this.#attempt();
    return true;
  }

  /** Somebody did not reach the server by another way: this one is begun anew, and what was not sent goes out then. */
  lose(failure: Failure): void {
    if (this.#open) this.#lost(this.#epoch, failure);
  }

  /** Sends where the connection is open and carries frames. Returns whether it did. */
  send(frame: Outgoing | Ping): boolean {
    if (!this.#open || !this.#channel) return false;
    if (this.#kind === "batch" && frame.type !== "ping") return false;
    this.#channel.send(JSON.stringify(frame));
    return true;
  }

  async #attempt(number = this.#firstWay): Promise<void> {
    const { clock, ways } = this.#options;
    const way = ways[number];
    if (!way) throw new Error("There is no way to the server; name one.");
    const epoch = ++this.#epoch;
    this.#way = number;
    this.#proven = false;
    this.#openTimer = clock.setTimeout(() => this.#lost(epoch, null), OPEN_LIMIT_MS);
    try {
      const url = await way.address();
      if (epoch !== this.#epoch) return;
      if (number + 1 < ways.length) {
        // The server answers. If this way does not open now, it is blocked.
        clock.clearTimeout(this.#openTimer);
        this.#openTimer = clock.setTimeout(() => this.#shut(epoch), WAY_LIMIT_MS);
      }
      this.#channel = way.transport.open(url, this.#events(epoch));
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

  #events(epoch: number): ChannelEvents {
    return {
      onOpen: () => this.#onOpen(epoch),
      onText: (text) => this.#onText(epoch, text),
      onClose: (code) => this.#shut(epoch, code),
    };
  }

  #onOpen(epoch: number): void {
    if (epoch !== this.#epoch) return;
    const { clock } = this.#options;
    clock.clearTimeout(this.#openTimer);
    this.#open = true;
    this.#openedAt = clock.now();
    this.#change({ state: "connected", transport: this.#kind, retryAt: null, error: null });
    // The answer proves that the way back works too; only then the count of failures starts anew.
    this.#ask(ANSWER_LIMIT_MS);
    this.#options.onOpen();
  }

  #onText(epoch: number, text: string): void {
    if (epoch !== this.#epoch) return;
    if (this.#status.get().attempt > 0) this.#change({ attempt: 0 });
    if (!this.#proven) this.#prove();
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
    this.#answerTimer = clock.setTimeout(() => this.#shut(epoch), limitMs);
  }

  /** The way that is in use has answered: it is the one to begin with, until a better one is free. */
  #prove(): void {
    const { clock } = this.#options;
    this.#proven = true;
    this.#firstWay = this.#way;
    clock.clearTimeout(this.#climbTimer);
    if (this.#way === 0) {
      this.#climbs = 0;
      return;
    }
    const wait = CLIMBS_MS[Math.min(this.#climbs, CLIMBS_MS.length - 1)] ?? 0;
    this.#climbTimer = clock.setTimeout(() => this.#climb(), wait);
  }

  /** Tries the ways that are better than the one in use, which goes on meanwhile. */
  #climb(number = 0): void {
    const { clock, ways } = this.#options;
    const way = ways[number];
    if (!this.#proven || (this.#trial && number === 0)) return;
    this.#trial = null;
    if (number >= this.#way || !way) {
      this.#climbs++;
      this.#prove();
      return;
    }
    this.#trial = new Trial(way, clock, (proven) => {
      if (proven) this.#adopt(number);
      else this.#climb(number + 1);
    });
  }

  #adopt(number: number): void {
    const trial = this.#trial;
    if (!trial) return;
    this.#trial = null;
    this.#drop();
    this.#way = number;
    this.#channel = trial.adopt(this.#events(this.#epoch));
    this.#onOpen(this.#epoch);
    this.#prove();
  }

  /** The channel ended, or did not answer. One that never did is blocked, and the next way is tried at once. */
  #shut(epoch: number, code = 1006): void {
    if (epoch !== this.#epoch) return;
    const next = this.#way + 1;
    if (this.#proven || next >= this.#options.ways.length || !UNTOLD.has(code)) {
      this.#lost(epoch, null);
      return;
    }
    if (this.#open) this.#change({ state: "reconnecting" });
    this.#drop();
    void this.#attempt(next);
  }

  #lost(epoch: number, error: Failure | null): void {
    if (epoch !== this.#epoch) return;
    if (!this.#proven) this.#firstWay = 0;
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
      this.#climbTimer,
    ]) {
      clock.clearTimeout(timer);
    }
    this.#trial?.cancel();
    this.#trial = null;
    this.#open = false;
    this.#proven = false;
    const channel = this.#channel;
    this.#channel = null;
    channel?.close(1000, "");
  }

  #onNetwork(event: NetworkEvent): void {
    this.#change({ online: this.#options.network.online() });
    if (this.#open) {
      // A server on this machine or in this house may well be reachable: ask it instead of believing.
      this.#ask(PROBE_LIMIT_MS);
      if (event !== "offline") this.#climb();
    } else if (event !== "offline" && this.#status.get().retryAt !== null) {
      this.retry();
    }
  }

  #change(change: Partial<ConnectionStatus>): void {
    this.#status.update((status) => {
      const next = { ...status, ...change };
      return next.state === "connected" ? next : { ...next, transport: null };
    });
  }
}
