import type { BatchAnswer, stream } from "@millrace/protocol";
import { Api } from "./api.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { sha256 } from "./digest.ts";
import { ApiError } from "./errors.ts";
import { randomId } from "./ids.ts";
import { browserNetwork, type Network } from "./network.ts";
import { environmentTransport, type Transport } from "./transport.ts";
import { bareWay, socketWay } from "./ways.ts";

/** What is told of an answer, as it is on the wire. */
export type StreamEvent = Exclude<stream.ServerFrame, { type: "pong" }>;

/** A question. `message_id` is its own id: asked again with the same one, it is the same answer. */
export type StreamRequest = Omit<stream.ChatStream, "message_id"> & { message_id?: string };

/** Everything is optional: what is not given is the browser's own. */
export interface StreamClientOptions {
  readonly api?: Api;
  /** Opens WebSockets; null where there are none. */
  readonly transport?: Transport | null;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly network?: Network;
  readonly createId?: () => string;
  /** How long to wait for the first event before the whole answer is asked for over HTTP. */
  readonly firstEventMs?: number;
}

/** An answer that has not ended. */
interface Running {
  readonly request: stream.ChatStream;
  readonly onEvent: (event: StreamEvent) => void;
  /** Goes off where no event comes; null once one came. */
  timer: unknown;
  seq: number;
  chunks: number;
  text: string;
  sent: boolean;
  stopped: boolean;
  /** The request over HTTP, once it was turned to. */
  batch: AbortController | null;
}

const FIRST_EVENT_MS = 30_000;
const ENDS = new Set(["stream_complete", "stream_error", "generation_stopped"]);

/**
 * The protocol `stream` as one call: `streamMessage(request, onEvent)` returns what cancels it. Any number of answers
 * at once share a connection, which is opened for the first of them; a lost one is opened again, and each answer goes
 * on where it was. Where no WebSocket gets through, or nothing comes in 30 seconds, the same question is asked over
 * HTTP, as a whole.
 */
export class StreamClient {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #createId: () => string;
  readonly #firstEventMs: number;
  readonly #connection: Connection<stream.ServerFrame, stream.ClientFrame>;
  readonly #running = new Map<string, Running>();

  constructor(options: StreamClientOptions = {}) {
    this.#api = options.api ?? new Api();
    this.#clock = options.clock ?? systemClock;
    this.#createId = options.createId ?? randomId;
    this.#firstEventMs = options.firstEventMs ?? FIRST_EVENT_MS;
    const { transport: socket = environmentTransport() } = options;
    this.#connection = new Connection<stream.ServerFrame, stream.ClientFrame>({
      ways: socket
        ? [socketWay(this.#api, socket, "/api/ws"), bareWay(this.#api)]
        : [bareWay(this.#api)],
      clock: this.#clock,
      random: options.random ?? Math.random,
      network: options.network ?? browserNetwork(),
      onOpen: () => this.#onOpen(),
      onFrame: (frame) => this.#onFrame(frame),
    });
  }

  /**
   * Asks.
   *
   * @param onEvent Is told everything, in order and once; a `stream_complete`, `stream_error` or `generation_stopped` is
   *   the last event.
   * @returns What stops the answer; its end is told as `generation_stopped`. Twice does nothing.
   */
  streamMessage(request: StreamRequest, onEvent: (event: StreamEvent) => void): () => void {
    const id = request.message_id ?? this.#createId();
    const running: Running = {
      request: { ...request, message_id: id },
      onEvent,
      timer: this.#clock.setTimeout(() => void this.#askWhole(running), this.#firstEventMs),
      seq: -1,
      chunks: 0,
      text: "",
      sent: false,
      stopped: false,
      batch: null,
    };
    this.#running.set(id, running);
    this.#connection.start();
    this.#send(running);
    return () => this.#stop(running);
  }

  /** Lets go of the connection. Answers go on at the server; nothing more is told of them here. */
  close(): void {
    for (const running of this.#running.values()) {
      this.#clock.clearTimeout(running.timer);
      running.batch?.abort();
    }
    this.#running.clear();
    this.#connection.stop();
  }

  #onOpen(): void {
    for (const running of this.#running.values()) this.#send(running);
  }

  /** Says of an answer what the server has to hear now: a question, where we are, or that it is to stop. */
  #send(running: Running): void {
    if (running.batch) return;
    if (this.#connection.status.get().transport === "batch") {
      // The server is there, and no socket gets through: there is nothing to wait for.
      this.#clock.clearTimeout(running.timer);
      if (running.stopped) this.#stopWhole(running);
      else void this.#askWhole(running);
      return;
    }
    const { message_id } = running.request;
    if (running.stopped && running.sent) {
      this.#sendStop(running);
    } else if (running.seq >= 0) {
      const data = { message_id, after_seq: running.seq };
      this.#connection.send({ type: "resume_stream", data });
    } else {
      running.sent = this.#connection.send({ type: "chat_stream", data: running.request });
    }
  }

  #sendStop({ request: { message_id } }: Running): void {
    this.#connection.send({ type: "stop_generation", data: { message_id } });
  }

  #onFrame(frame: stream.ServerFrame): void {
    if (frame.type === "pong") return;
    const running = this.#running.get(frame.data.message_id ?? "");
    if (!running || running.batch) return;
    this.#clock.clearTimeout(running.timer);
    if (frame.type === "content_chunk") {
      // What was said before a connection broke may be said again.
      if (frame.data.chunk_index < running.chunks) return;
      running.chunks = frame.data.chunk_index + (frame.data.merged ?? 1);
      running.text += frame.data.content;
    }
    running.seq = frame.data.seq ?? running.seq;
    this.#tell(running, frame);
  }

  #tell(running: Running, event: StreamEvent): void {
    if (ENDS.has(event.type)) {
      this.#clock.clearTimeout(running.timer);
      this.#running.delete(running.request.message_id);
    }
    running.onEvent(event);
  }

  #stop(running: Running): void {
    if (running.stopped || this.#running.get(running.request.message_id) !== running) return;
    running.stopped = true;
    if (running.batch) {
      running.batch.abort();
      this.#stopWhole(running);
    } else if (running.sent)
      this.#sendStop(running); // its end will be told
    else this.#tellStopped(running);
  }

  /** Stops over HTTP. The server may be out of reach: then the answer goes on there, and ends here all the same. */
  #stopWhole(running: Running): void {
    this.#api.stop({ request_id: running.request.message_id }).catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
    });
    this.#tellStopped(running);
  }

  #tellStopped(running: Running): void {
    this.#tell(running, {
      type: "generation_stopped",
      data: {
        message_id: running.request.message_id,
        ai_message_id: "",
        reason: "user",
        partial_content: running.text,
        tokens_generated: running.chunks,
        digest: "",
      },
    });
  }

  /** Asks over HTTP: the same request, so that an answer that was begun meanwhile is the one that comes. */
  async #askWhole(running: Running): Promise<void> {
    running.batch = new AbortController();
    const { message_id, session_id, message, model, context } = running.request;
    const { enable_reasoning, ...rest }: Record<string, unknown> = context ?? {};
    try {
      const answer = await this.#api.chat(
        {
          message,
          request_id: message_id,
          session_id: session_id ?? null,
          model: model ?? null,
          enable_reasoning: enable_reasoning === true,
          context: rest,
        },
        running.batch.signal,
      );
      if (this.#running.get(message_id) === running) await this.#tellWhole(running, answer);
    } catch (error) {
      if (this.#running.get(message_id) !== running) return;
      this.#tell(running, { type: "stream_error", data: refusal(message_id, error) });
    }
  }

  async #tellWhole(running: Running, answer: BatchAnswer): Promise<void> {
    const { message_id } = running.request;
    const { session_id, turn_id, message, metadata } = answer;
    const ids = { message_id, turn_id, ai_message_id: answer.message_id };
    const digest = (await sha256(message)) ?? "";
    const timestamp = new Date(this.#clock.now()).toISOString();
    const { model } = metadata;
    if (running.seq < 0) {
      const started = { ...ids, session_id, timestamp, model };
      this.#tell(running, { type: "stream_start", data: started });
    }
    if (answer.status === "complete") {
      const data = { ...ids, full_content: message, metadata: { ...metadata }, digest };
      this.#tell(running, { type: "stream_complete", data });
    } else {
      const data = {
        ...ids,
        reason: "user",
        partial_content: message,
        tokens_generated: 0,
        digest,
      };
      this.#tell(running, { type: "generation_stopped", data });
    }
  }
}

function refusal(messageId: string, error: unknown): stream.StreamError {
  const failure = error instanceof ApiError ? error : ApiError.unreachable(error);
  return {
    message_id: messageId,
    code: failure.code,
    message: failure.message,
    recoverable: failure.recoverable,
    partial_content: "",
    ...(failure.retryAfter === null ? {} : { retry_after: failure.retryAfter }),
  };
}
