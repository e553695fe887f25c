import type { ClientFrame, ServerFrame } from "@millrace/protocol";
import { describe, expect, it } from "vitest";
import type { ChatClient, ChatClientOptions } from "../src/index.ts";
import { detail, refusal, Script, settle, setUp, stored } from "./support.ts";

/** One request for an event stream, as the server sees it. */
class Stream {
  readonly path: string;
  readonly frames: ClientFrame[];
  readonly signal: AbortSignal | null | undefined;
  readonly response: Response;
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(path: string, init: RequestInit) {
    this.path = path;
    this.frames = JSON.parse(String(init.body)) as ClientFrame[];
    this.signal = init.signal;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    this.signal?.addEventListener("abort", () => this.cut());
    this.response = new Response(body, { headers: { "content-type": "text/event-stream" } });
    this.write(": keep-alive\n\n");
  }

  write(text: string): void {
    this.#controller.enqueue(new TextEncoder().encode(text));
  }

  async deliver(...frames: ServerFrame[]): Promise<void> {
    for (const frame of frames) this.write(`data: ${JSON.stringify(frame)}\n\n`);
    await settle();
  }

  end(): void {
    this.write("event: end\ndata: {}\n\n");
    this.#controller.close();
  }

  cut(): void {
    try {
      this.#controller.error(new TypeError("network error"));
    } catch {
      // It was over.
    }
  }
}

/** A server behind something that lets through what the test wants. */
function behindProxy(
  through: { sse: boolean | "held" | "silent"; http: boolean },
  options: Partial<ChatClientOptions> = {},
) {
  const set = setUp({ transports: ["websocket", "sse", "batch"], ...options });
  const streams: Stream[] = [];
  set.server.answer = (line, init) => {
    if (!through.http) throw new TypeError("fetch failed");
    if (line === "GET /api/stream/status") return Response.json({});
    if (!line.startsWith("POST /api/v1/chat/stream")) return undefined;
    if (!through.sse) return new Response("No.", { status: 403 });
    if (through.sse === "silent") return new Promise(() => undefined);
    const stream = new Stream(line, init ?? {});
    const [first] = stream.frames;
    if (first?.type === "ping") {
      void stream.deliver({ type: "pong", data: first.data });
      if (through.sse === "held" || !line.includes("linger")) stream.end();
    } else streams.push(stream);
    return stream.response;
  };
  const status = () => {
    const { state, transport } = set.client.connection.get();
    return [state, transport];
  };
  /** Connects, and has the WebSocket refused. */
  const refused = async () => {
    set.client.connect();
    await settle();
    set.transport.last.drop(1006);
    await set.clock.advance(through.sse === "silent" ? 5_000 : 400);
  };
  return { ...set, streams, status, refused, through };
}

function texts(client: ChatClient, key: string) {
  return client
    .conversation(key)
    .state.get()
    .messages.map(({ content, status }) => [content, status]);
}

describe("where WebSockets are blocked", () => {
  it("answers come by event streams, all of them by one", async () => {
    const { client, status, refused, streams, clock } = behindProxy({ sse: true, http: true });
    client.configure({ stream_speed: "fast" });
    await refused();
    expect(status()).toEqual(["connected", "sse"]);
    client.send("s1", "One?");
    client.send("s2", "Two?");
    await settle();
    const [first] = streams;
    expect(streams).toHaveLength(1);
    expect(first?.frames.map((frame) => frame.type)).toEqual([
      "chat_config",
      "chat_request",
      "chat_request",
    ]);
    const one = new Script("t1", "s1", "m1", "r1");
    await first?.deliver(one.started(), one.token("Hel"));
    client.send("s3", "Three?");
    await settle();
    const second = streams[1];
    expect(first?.signal?.aborted).toBe(true);
    expect(second?.frames.slice(1)).toEqual([
      { type: "chat_resume", data: { turn_id: "t1", after_seq: 1 } },
      { type: "chat_request", data: expect.objectContaining({ request_id: "r2" }) },
      { type: "chat_request", data: expect.objectContaining({ request_id: "r3" }) },
    ]);
    await second?.deliver(one.token("lo"), one.complete());
    expect(texts(client, "s1")).toEqual([
      ["One?", "complete"],
      ["Hello", "complete"],
    ]);
    // What is over is not asked for again; a stop goes out beside the stream.
    client.stop("s2");
    await settle();
    expect(streams.at(-1)?.frames).toEqual([{ type: "chat_stop", data: { session_id: "s2" } }]);
    await clock.advance(1_000);
    expect(status()).toEqual(["connected", "sse"]);
  });

  it("a stream that breaks or falls silent is taken up where it was", async () => {
    const { client, refused, streams, clock, status } = behindProxy({ sse: true, http: true });
    await refused();
    client.send("s1", "One?");
    await settle();
    const script = new Script("t1", "s1", "m1", "r1");
    await streams[0]?.deliver(script.started(), script.token("Hel"));
    streams[0]?.cut();
    await settle();
    expect(status()).toEqual(["reconnecting", null]);
    await clock.advance(1_400);
    expect(status()).toEqual(["connected", "sse"]);
    expect(streams[1]?.frames.at(-1)).toEqual({
      type: "chat_resume",
      data: { turn_id: "t1", after_seq: 1 },
    });
    // Signs of life go on beside it; the stream itself says nothing any more.
    await clock.advance(24_000);
    expect(status()).toEqual(["connected", "sse"]);
    await clock.advance(1_000);
    expect(status()).toEqual(["reconnecting", null]);
  });

  it("a held answer is not delivered, and goes on behind what was seen", async () => {
    const { client, refused, streams } = behindProxy({ sse: true, http: true });
    await refused();
    client.send("s1", "One?");
    await settle();
    const script = new Script("t1", "s1", "m1", "r1");
    await streams[0]?.deliver(script.started(), script.token("Hel"));
    client.pause("s1");
    await settle();
    expect(streams).toHaveLength(1);
    expect(streams[0]?.signal?.aborted).toBe(true);
    client.continue("s1");
    await settle();
    expect(streams[1]?.frames).toEqual([
      { type: "chat_resume", data: { turn_id: "t1", after_seq: 1 } },
    ]);
  });

  it("a better way is tried from time to time, and taken once it leads there and back", async () => {
    const { client, refused, streams, clock, status, transport } = behindProxy({
      sse: true,
      http: true,
    });
    await refused();
    client.send("s1", "One?");
    await settle();
    const script = new Script("t1", "s1", "m1", "r1");
    await streams[0]?.deliver(script.started(), script.token("Hel"));
    await clock.advance(20_000);
    streams[0]?.write(": keep-alive\n\n");
    await clock.advance(10_500);
    expect(transport.sockets).toHaveLength(2);
    transport.last.drop(1006);
    streams[0]?.write(": keep-alive\n\n");
    expect(status(), "nothing is given up for a trial").toEqual(["connected", "sse"]);
    client.reconnect();
    await settle();
    expect(transport.sockets).toHaveLength(3);
    const seen: unknown[] = [];
    client.connection.subscribe(() => seen.push(status().join()));
    transport.last.accept();
    expect(status(), "opening alone proves nothing").toEqual(["connected", "sse"]);
    transport.last.deliver({ type: "pong", data: {} });
    expect(status()).toEqual(["connected", "websocket"]);
    expect(new Set(seen), "there is no moment without a connection").toEqual(
      new Set(["connected,websocket"]),
    );
    expect(streams[0]?.signal?.aborted).toBe(true);
    expect(transport.last.commands).toEqual([
      { type: "chat_resume", data: { turn_id: "t1", after_seq: 1 } },
    ]);
    transport.last.deliver(script.token("lo"), script.complete());
    await settle();
    expect(texts(client, "s1").at(-1)).toEqual(["Hello", "complete"]);
  });

  it("a WebSocket that opens and carries nothing is blocked too", async () => {
    const { client, transport, clock, status } = behindProxy({ sse: true, http: true });
    client.connect();
    await settle();
    transport.last.accept();
    expect(status()).toEqual(["connected", "websocket"]);
    await clock.advance(10_400);
    expect(status()).toEqual(["connected", "sse"]);
  });

  it("one that never opens is given up after five seconds", async () => {
    const { client, clock, status } = behindProxy({ sse: true, http: true });
    client.connect();
    await clock.advance(4_900);
    expect(status()).toEqual(["connecting", null]);
    await clock.advance(500);
    expect(status()).toEqual(["connected", "sse"]);
  });

  it("a server that closes the connection itself is no obstacle on the way", async () => {
    const { client, transport, status, server } = behindProxy({ sse: true, http: true });
    client.connect();
    await settle();
    transport.last.drop(1012);
    await settle();
    expect(status()).toEqual(["reconnecting", null]);
    expect(server.requests.filter((line) => line.includes("stream"))).toEqual([]);
  });

  it("a server that is gone is waited for, and not looked for on other ways", async () => {
    const { client, refused, streams, clock, status, server, through } = behindProxy({
      sse: true,
      http: true,
    });
    await refused();
    client.send("s1", "One?");
    await settle();
    through.http = false;
    streams[0]?.cut();
    await clock.advance(1_000);
    server.requests.length = 0;
    await clock.advance(60_000);
    expect(status()[0]).toBe("reconnecting");
    expect(new Set(server.requests)).toEqual(new Set(["POST /api/auth/ws-ticket"]));
  });
});

const WHOLE = { session_id: "s1", turn_id: "t1", message_id: "m1", status: "complete" };

describe.each([false, "held" as const, "silent" as const])(
  "where event streams are blocked too (%s)",
  (sse) => {
    it("answers come whole, stops go by themselves, and a better way is taken again", async () => {
      const set = behindProxy({ sse, http: true });
      const { client, refused, status, server, clock, transport } = set;
      const proxy = server.answer;
      const asked: string[] = [];
      let answer: (response: Response) => void = () => undefined;
      server.answer = (line, init) => {
        if (line === "POST /api/v1/chat/stop") asked.push(line);
        if (line === "POST /api/v1/chat/stop") return new Response(null, { status: 204 });
        if (line === "POST /api/sessions") return Response.json(detail().session);
        if (line !== "POST /api/v1/chat") return proxy(line, init);
        asked.push(String(JSON.parse(String(init?.body)).request_id));
        return new Promise((resolve) => {
          answer = resolve;
        });
      };
      await refused();
      expect(status()).toEqual(["connected", "batch"]);
      const key = client.send(null, "Why?");
      await settle();
      expect(texts(client, key)).toEqual([
        ["Why?", "sending"],
        ["", "sending"],
      ]);
      client.stop("s1");
      await settle();
      expect(asked).toEqual(["r1", "POST /api/v1/chat/stop"]);
      const messages = [
        stored({ id: "u1", role: "user", content: "Why?", turn_id: "t1" }),
        stored({ id: "m1", role: "assistant", content: "Because.", turn_id: "t1" }),
      ];
      server.sessions.set("s1", detail({ messages }));
      answer(Response.json({ ...WHOLE, message: "Because.", metadata: {} }));
      await settle();
      expect(texts(client, "s1")).toEqual([
        ["Why?", "complete"],
        ["Because.", "complete"],
      ]);
      // Signs of life: the server is asked, and missed.
      await clock.advance(29_000);
      expect(status()).toEqual(["connected", "batch"]);
      await clock.advance(2_000);
      transport.last.accept();
      transport.last.deliver({ type: "pong", data: {} });
      expect(status()).toEqual(["connected", "websocket"]);
    });

    it("an answer that runs is looked after until it is there", async () => {
      const { client, refused, server, clock } = behindProxy({ sse, http: true });
      const user = stored({ id: "u1", role: "user", content: "Why?", turn_id: "t1" });
      const running = [
        { turn_id: "t1", message_id: "m1", state: "running" as const, user_message: user },
      ];
      server.sessions.set("s1", detail({ running }));
      await refused();
      await client.open("s1");
      await clock.advance(2_000);
      expect(texts(client, "s1").at(-1)).toEqual(["", "thinking"]);
      const answer = stored({ id: "m1", role: "assistant", content: "So.", turn_id: "t1" });
      server.sessions.set("s1", detail({ messages: [user, answer] }));
      await clock.advance(2_000);
      expect(texts(client, "s1").at(-1)).toEqual(["So.", "complete"]);
      const { length } = server.requests;
      await clock.advance(4_000);
      expect(server.requests.slice(length)).toEqual([]);
    });
  },
);

it("a whole answer that got lost on its way is asked for again, under its own id", async () => {
  const { client, refused, status, clock, server } = behindProxy({ sse: false, http: true });
  const proxy = server.answer;
  const asked: string[] = [];
  server.answer = (line, init) => {
    if (line !== "POST /api/v1/chat") return proxy(line, init);
    asked.push(JSON.parse(String(init?.body)).request_id);
    if (asked.length === 1) throw new TypeError("network error");
    return new Promise(() => undefined);
  };
  await refused();
  client.send("s1", "Why?");
  await settle();
  expect(status()).toEqual(["reconnecting", null]);
  expect(texts(client, "s1")[0]).toEqual(["Why?", "waiting"]);
  await clock.advance(1_000);
  expect(status()).toEqual(["connected", "batch"]);
  expect(texts(client, "s1")[0]).toEqual(["Why?", "sending"]);
  expect(asked).toEqual(["r1", "r1"]);
});

it("a server that fails while answers come whole is missed", async () => {
  const { refused, status, clock, through } = behindProxy({ sse: false, http: true });
  await refused();
  await clock.advance(1_000);
  through.http = false;
  await clock.advance(25_000);
  expect(status()).toEqual(["reconnecting", null]);
});

it("an environment without WebSockets begins with event streams", async () => {
  const { client, server, clock, streams } = behindProxy(
    { sse: true, http: true },
    {
      transport: null,
    },
  );
  client.connect();
  await clock.advance(400);
  expect(client.connection.get()).toMatchObject({ state: "connected", transport: "sse" });
  expect(streams).toEqual([]);
  await clock.advance(200_000);
  expect(server.tickets, "there is nothing better to try").toBe(0);
});

describe("a sign-in that ends while a connection lasts", () => {
  const expired = { code: "UNAUTHORIZED", message: "Your sign-in has expired." } as const;

  it("is renewed with the connection, and what was refused is sent again", async () => {
    const { client, connect, clock, transport, server } = setUp();
    const socket = await connect();
    await clock.advance(15_000);
    client.send("s1", "Hello?");
    socket.deliver(refusal(expired, { request_id: "r1" }));
    await settle();
    expect(server.tickets).toBe(2);
    transport.last.accept();
    expect(transport.last.commands).toEqual([
      { type: "chat_request", data: { message: "Hello?", request_id: "r1", session_id: "s1" } },
    ]);
    // A credential that was refused while it was new is no matter of age.
    transport.last.deliver(refusal(expired, { request_id: "r1" }));
    expect(client.conversation("s1").state.get().messages.at(-1)?.error?.code).toBe("UNAUTHORIZED");
  });

  it("loses no stop", async () => {
    const { client, connect, clock, transport } = setUp();
    const socket = await connect();
    client.send("s1", "Hello?");
    const script = new Script("t1", "s1", "m1", "r1");
    socket.deliver(script.started());
    await clock.advance(15_000);
    client.stop("s1");
    socket.deliver(refusal(expired, { session_id: "s1" }));
    await settle();
    transport.last.accept();
    expect(transport.last.commands.map((frame) => frame.type)).toEqual([
      "chat_resume",
      "chat_stop",
    ]);
  });
});
