import type { ClientFrame, ServerFrame } from "@millrace/protocol";
import type { Api } from "./api.ts";
import type { Clock } from "./clock.ts";
import { EventStreamReader } from "./sse.ts";
import type { Channel, ChannelEvents, Transport } from "./transport.ts";

/** The server says something at least every 10 s, be it a comment. */
const SILENCE_MS = 25_000;
/** How long the server holds back the end of the trial: longer than anybody waits for it. */
const LINGER_MS = 10_000;
const ENDS = new Set<string>(["chat_complete", "chat_cancelled", "chat_error"]);

/**
 * The protocol `chat` over HTTP: frames go out as requests, what they lead to comes back as event streams. One stream
 * at a time carries all answers; where that changes, it is begun anew behind what it has brought.
 */
export function exchangeTransport(api: Api, clock: Clock): Transport {
  return { open: (path, events) => new ExchangeChannel(api, clock, path, events) };
}

class ExchangeChannel implements Channel {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #events: ChannelEvents;
  #config: ClientFrame | null = null;
  /** The turns that are followed, and the last `seq` seen of each. */
  readonly #turns = new Map<string, number>();
  readonly #held = new Set<string>();
  /** Requests of which no frame has come yet. */
  #asked: ClientFrame[] = [];
  #stream: AbortController | null = null;
  readonly #requests = new Set<AbortController>();
  #planned = false;
  #closed = false;

  constructor(api: Api, clock: Clock, path: string, events: ChannelEvents) {
    this.#api = api;
    this.#clock = clock;
    this.#path = path;
    this.#events = events;
    void this.#try();
  }

  send(text: string): void {
    const frame = JSON.parse(text) as ClientFrame;
    const turnId = "data" in frame ? turnOf(frame.data) : null;
    if (frame.type === "ping" || frame.type === "chat_stop") {
      void this.#request([frame]);
      return;
    }
    if (frame.type === "chat_config") this.#config = frame;
    else if (frame.type === "chat_pause" && turnId) this.#held.add(turnId);
    else if (frame.type === "chat_continue" && turnId) this.#held.delete(turnId);
    else if (frame.type === "chat_resume" && turnId) {
      this.#held.delete(turnId);
      this.#turns.set(turnId, frame.data.after_seq ?? -1);
    } else this.#asked.push(frame);
    this.#plan();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const request of this.#requests) request.abort();
  }

  /** Opens once a record has come before the end of its stream. Where something on the way collects them, none does. */
  async #try(): Promise<void> {
    let timer: unknown = null;
    const trial = new AbortController();
    const ping: ClientFrame = { type: "ping", data: {} };
    const path = `?linger_ms=${LINGER_MS}`;
    const whole = await this.#exchange([ping], trial, path, () => {
      timer ??= this.#clock.setTimeout(() => {
        trial.abort();
        if (!this.#closed) this.#events.onOpen();
      }, 0);
    });
    this.#clock.clearTimeout(timer);
    if (whole !== null) this.#fail();
  }

  /** Says something, and hears what is said to it alone. */
  async #request(frames: readonly ClientFrame[]): Promise<void> {
    const told = (text: string) => this.#events.onText(text);
    const whole = await this.#exchange(frames, new AbortController(), "", told);
    if (whole === false) this.#fail();
  }

  /** What is sent in the same breath goes out together. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      if (!this.#closed) void this.#follow();
    });
  }

  async #follow(): Promise<void> {
    this.#stream?.abort();
    const turns = [...this.#turns].filter(([turnId]) => !this.#held.has(turnId));
    const resumes = turns.map(
      ([turn_id, after_seq]): ClientFrame => ({
        type: "chat_resume",
        data: { turn_id, after_seq },
      }),
    );
    if (resumes.length + this.#asked.length === 0) return;
    const stream = new AbortController();
    this.#stream = stream;
    const frames = [...(this.#config ? [this.#config] : []), ...resumes, ...this.#asked];
    const whole = await this.#exchange(frames, stream, "", (text) => this.#onRecord(text));
    if (whole === false) this.#fail();
    if (!whole || this.#stream !== stream) return;
    // The server has nothing more to say: what it was asked about is over, whatever it said of it.
    this.#asked = [];
    for (const [turnId] of turns) this.#turns.delete(turnId);
  }

  /**
   * @returns Whether the stream came to its end; null where it was given up here.
   */
  async #exchange(
    frames: readonly ClientFrame[],
    request: AbortController,
    query: string,
    onData: (text: string) => void,
  ): Promise<boolean | null> {
    this.#requests.add(request);
    const { signal } = request;
    let timer: unknown = null;
    let silent = false;
    let ended = false;
    const heard = () => {
      this.#clock.clearTimeout(timer);
      timer = this.#clock.setTimeout(() => {
        silent = true;
        request.abort();
      }, SILENCE_MS);
    };
    try {
      heard();
      for await (const record of this.#read(this.#path + query, frames, signal, heard)) {
        if (signal.aborted) return silent ? false : null;
        // Read on behind it: a body that is read to its end leaves its connection to the next request.
        if (record.event === "end") ended = true;
        else onData(record.data);
      }
      return ended;
    } catch {
      // Refused, cut or not reachable: the connection begins anew, and finds out which.
      return signal.aborted && !silent ? null : ended;
    } finally {
      this.#clock.clearTimeout(timer);
      this.#requests.delete(request);
    }
  }

  async *#read(
    path: string,
    frames: readonly ClientFrame[],
    signal: AbortSignal,
    heard: () => void,
  ) {
    const response = await this.#api.stream(path, frames, signal);
    const body = response.body?.getReader();
    if (!body) throw new Error("This environment reads no streams.");
    const decoder = new TextDecoder();
    const reader = new EventStreamReader();
    for (;;) {
      const { value, done } = await body.read();
      if (done) return;
      heard();
      yield* reader.push(decoder.decode(value, { stream: true }));
    }
  }

  /** Keeps in mind where each answer is, and hands on what came. */
  #onRecord(text: string): void {
    const { type, data } = JSON.parse(text) as ServerFrame;
    if (typeof data === "object" && data !== null) {
      const { turn_id: turnId, seq, request_id: requestId } = data as FrameIds;
      if (requestId) this.#asked = this.#asked.filter((frame) => requestOf(frame) !== requestId);
      if (turnId && (seq === undefined || ENDS.has(type))) this.#turns.delete(turnId);
      else if (turnId && seq !== undefined) this.#turns.set(turnId, seq);
    }
    this.#events.onText(text);
  }

  #fail(): void {
    if (this.#closed) return;
    this.close();
    this.#events.onClose(1006, "");
  }
}

interface FrameIds {
  readonly turn_id?: string | null;
  readonly seq?: number;
  readonly request_id?: string;
}

function turnOf(data: unknown): string | null {
  return (data as FrameIds | null)?.turn_id ?? null;
}

function requestOf(frame: ClientFrame): string | null {
  return "data" in frame ? ((frame.data as FrameIds | null)?.request_id ?? null) : null;
}
