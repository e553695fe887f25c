import { createHash } from "node:crypto";
import type {
  ChatError,
  ChatErrorBody,
  ClientFrame,
  Message,
  ServerFrame,
  SessionDetail,
  TurnFrame,
} from "@millrace/protocol";
import {
  Api,
  type Channel,
  type ChannelEvents,
  ChatClient,
  type ChatClientOptions,
  type Clock,
  type Network,
  type NetworkEvent,
  type Transport,
} from "../src/index.ts";

/** Time that moves when a test says so. */
export class FakeClock implements Clock {
  #now = 1_700_000_000_000;
  #next = 1;
  readonly #timers = new Map<number, { at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    const id = this.#next++;
    this.#timers.set(id, { at: this.#now + ms, callback });
    return id;
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as number);
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves on, runs what becomes due in order, and lets promises settle between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end);
      due.sort(([, a], [, b]) => a.at - b.at);
      const first = due[0];
      if (!first) break;
      this.#timers.delete(first[0]);
      this.#now = Math.max(this.#now, first[1].at);
      first[1].callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Digests are made by other threads, in whatever time the machine gives those: `settle` waits for all of them. */
const digests = new Set<Promise<ArrayBuffer>>();
const digest = crypto.subtle.digest.bind(crypto.subtle);
crypto.subtle.digest = async (algorithm, data) => {
  const making = digest(algorithm, data);
  digests.add(making);
  try {
    return await making;
  } finally {
    digests.delete(making);
  }
};

/** Lets everything that is ready to run, run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    while (digests.size > 0) await Promise.allSettled(digests);
  }
}

/** One connection as the server sees it. */
export class FakeSocket implements Channel {
  readonly url: string;
  readonly sent: ClientFrame[] = [];
  closed = false;
  readonly #events: ChannelEvents;

  constructor(url: string, events: ChannelEvents) {
    this.url = url;
    this.#events = events;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientFrame);
  }

  close(): void {
    this.closed = true;
  }

  accept(): void {
    this.#events.onOpen();
  }

  deliver(...frames: ServerFrame[]): void {
    for (const frame of frames) this.#events.onText(JSON.stringify(frame));
  }

  deliverText(text: string): void {
    this.#events.onText(text);
  }

  drop(code = 1006): void {
    this.closed = true;
    this.#events.onClose(code, "");
  }

  /** What was sent besides signs of life. */
  get commands(): ClientFrame[] {
    return this.sent.filter((frame) => frame.type !== "ping");
  }
}

export class FakeTransport implements Transport {
  readonly sockets: FakeSocket[] = [];

  open(url: string, events: ChannelEvents): Channel {
    const socket = new FakeSocket(url, events);
    this.sockets.push(socket);
    return socket;
  }

  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nothing has connected");
    return socket;
  }
}

export class FakeNetwork implements Network {
  isOnline = true;
  readonly #listeners = new Set<(event: NetworkEvent) => void>();

  online(): boolean {
    return this.isOnline;
  }

  subscribe(listener: (event: NetworkEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: NetworkEvent): void {
    if (event !== "visible") this.isOnline = event === "online";
    for (const listener of [...this.#listeners]) listener(event);
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

export class FakeStorage {
  readonly items = new Map<string, string>();
  getItem = (key: string): string | null => this.items.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.items.set(key, value);
  removeItem = (key: string): void => void this.items.delete(key);
}

/** Answers of the HTTP side, by method and path. */
export class FakeServer {
  tickets = 0;
  readonly requests: string[] = [];
  readonly sessions = new Map<string, SessionDetail>();
  /** A status by which everything is answered instead; 0 is no answer at all. */
  failing: number | null = null;
  /** Answers what a test wants to answer itself. */
  answer: (line: string, init?: RequestInit) => Promise<Response> | Response | undefined = () =>
    undefined;

  fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const path = String(input).replace(/^https?:\/\/[^/]+/, "");
    const line = `${init?.method ?? "GET"} ${path}`;
    this.requests.push(line);
    if (this.failing === 0) throw new TypeError("fetch failed");
    if (this.failing !== null) return problem(this.failing);
    const answer = this.answer(line, init);
    if (answer) return answer;
    if (line === "POST /api/auth/ws-ticket") {
      return Response.json({ ticket: `t${++this.tickets}`, expires_in: 30 });
    }
    if (line.startsWith("GET /api/sessions?")) {
      const sessions = [...this.sessions.values()].map((detail) => detail.session);
      return Response.json({ sessions, pinned: [], next_cursor: null });
    }
    const detail = this.sessions.get(path.replace("/api/sessions/", ""));
    return detail ? Response.json(detail) : problem(404);
  };
}

function problem(status: number): Response {
  return Response.json({ title: "No", status }, { status });
}

export function setUp(options: Partial<ChatClientOptions> = {}) {
  const clock = new FakeClock();
  const transport = new FakeTransport();
  const network = new FakeNetwork();
  const server = new FakeServer();
  const storage = new FakeStorage();
  let ids = 0;
  const client = new ChatClient({
    api: new Api({ baseUrl: "http://server", fetch: server.fetch }),
    transport,
    transports: ["websocket"],
    clock,
    network,
    storage,
    random: () => 0,
    schedule: (callback) => callback(),
    tabs: null,
    createId: () => `r${++ids}`,
    ...options,
  });
  const connect = async (): Promise<FakeSocket> => {
    const count = transport.sockets.length;
    if (client.connection.get().state === "disconnected") client.connect();
    await settle();
    if (transport.sockets.length === count && count === 0) throw new Error("no connection begun");
    transport.last.accept();
    return transport.last;
  };
  return { client, clock, transport, network, server, storage, connect };
}

/** A running turn's frames, as the server numbers them. */
export class Script {
  #seq = 0;
  #index = 0;
  text = "";

  readonly turnId: string;
  readonly sessionId: string;
  readonly messageId: string;
  readonly requestId: string | undefined;

  constructor(turnId = "t1", sessionId = "s1", messageId = "m1", requestId?: string) {
    this.turnId = turnId;
    this.sessionId = sessionId;
    this.messageId = messageId;
    this.requestId = requestId;
  }

  #ids() {
    return {
      session_id: this.sessionId,
      message_id: this.messageId,
      turn_id: this.turnId,
      seq: this.#seq++,
      timestamp: "2026-01-01T00:00:00.000Z",
    };
  }

  started(): TurnFrame {
    return {
      type: "thinking_started",
      data: {
        ...this.#ids(),
        thinking_mode: "system1",
        model: "sim/x",
        user_message_id: "u1",
        user_message: "Hello?",
        ...(this.requestId === undefined ? {} : { request_id: this.requestId }),
      },
    };
  }

  /** Any other frame of the turn. */
  fact(type: Exclude<TurnFrame["type"], "content_token">, data: object): TurnFrame {
    return { type, data: { ...this.#ids(), ...data } } as TurnFrame;
  }

  step(content: string, number = 1): TurnFrame {
    const step = { step_number: number, type: "decomposition", content, confidence: null };
    return this.fact("reasoning_step", { step });
  }

  thought(ms: number, steps = 1): TurnFrame {
    const data = { reasoning_summary: "So.", total_steps: steps, processing_time_ms: ms };
    return this.fact("thinking_complete", data);
  }

  token(token: string): TurnFrame {
    this.text += token;
    return {
      type: "content_token",
      data: { ...this.#ids(), token, token_index: this.#index++, is_final: false },
    };
  }

  complete(over: { digest?: string; full_message?: string } = {}): TurnFrame {
    return {
      type: "chat_complete",
      data: {
        ...this.#ids(),
        full_message: this.text,
        digest: createHash("sha256").update(this.text).digest("hex"),
        metadata: {
          provider_used: "sim",
          model: "sim/x",
          tokens_used: 3,
          cost: 0,
          response_time_ms: 5,
        },
        ...over,
      },
    };
  }

  cancelled(digest = ""): TurnFrame {
    return {
      type: "chat_cancelled",
      data: {
        ...this.#ids(),
        partial_message: this.text,
        tokens_generated: this.#index,
        digest,
        cancelled_by: "user",
      },
    };
  }

  failed(): TurnFrame {
    return {
      type: "chat_error",
      data: {
        ...this.#ids(),
        error: { code: "PROVIDER_FAILURE", message: "Try again.", recoverable: true },
      },
    };
  }
}

export function stored(over: Partial<Message> & Pick<Message, "id" | "role">): Message {
  return {
    session_id: "s1",
    turn_id: "t0",
    content: "",
    status: "complete",
    created_at: "2026-01-01T00:00:00.000Z",
    version: 1,
    version_count: 1,
    reasoning: null,
    metadata: null,
    error: null,
    reactions: [],
    ...over,
  };
}

export function detail(over: Partial<SessionDetail> = {}, id = "s1"): SessionDetail {
  return {
    session: {
      id,
      title: "A session",
      created_at: "2026-01-01T00:00:00.000Z",
      updated_at: "2026-01-01T00:00:00.000Z",
      message_count: 0,
      pinned: false,
    },
    messages: [],
    running: [],
    ...over,
  };
}

/** A refusal: an error of no turn's log. */
export function refusal(
  error: Pick<ChatErrorBody, "code" | "message"> & Partial<ChatErrorBody>,
  over: Partial<ChatError["data"]> = {},
): ChatError {
  return {
    type: "chat_error",
    data: {
      session_id: null,
      message_id: null,
      turn_id: null,
      timestamp: "2026-01-01T00:00:00.000Z",
      error: { recoverable: false, ...error },
      ...over,
    },
  };
}
