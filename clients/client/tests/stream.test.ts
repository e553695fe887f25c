import type { stream } from "@millrace/protocol";
import { describe, expect, it } from "vitest";
import { Api, StreamClient, type StreamClientOptions, type StreamEvent } from "../src/index.ts";
import { FakeClock, FakeNetwork, FakeServer, FakeTransport, settle } from "./support.ts";

const DIGEST = "d";

function setUp(options: Partial<StreamClientOptions> = {}) {
  const clock = new FakeClock();
  const transport = new FakeTransport();
  const server = new FakeServer();
  let ids = 0;
  const client = new StreamClient({
    api: new Api({ baseUrl: "http://server", fetch: (input, init) => server.fetch(input, init) }),
    transport,
    clock,
    network: new FakeNetwork(),
    random: () => 0,
    createId: () => `u${++ids}`,
    ...options,
  });
  const events: StreamEvent[] = [];
  const onEvent = (event: StreamEvent) => void events.push(event);
  const deliver = (...frames: stream.ServerFrame[]) => {
    for (const frame of frames) transport.last.deliverText(JSON.stringify(frame));
  };
  const connect = async () => {
    await settle();
    transport.last.accept();
  };
  return { client, clock, transport, server, events, onEvent, deliver, connect };
}

const started = (id: string): StreamEvent => ({
  type: "stream_start",
  data: {
    message_id: id,
    turn_id: `t-${id}`,
    seq: 0,
    ai_message_id: `a-${id}`,
    session_id: "s1",
    timestamp: "2026-01-01T00:00:00.000Z",
    model: "sim/x",
  },
});

const chunk = (id: string, index: number, content: string): StreamEvent => ({
  type: "content_chunk",
  data: {
    message_id: id,
    turn_id: `t-${id}`,
    seq: index + 1,
    ai_message_id: `a-${id}`,
    content,
    chunk_index: index,
    is_code: false,
  },
});

const complete = (id: string, text: string): StreamEvent => ({
  type: "stream_complete",
  data: {
    message_id: id,
    turn_id: `t-${id}`,
    seq: 9,
    ai_message_id: `a-${id}`,
    full_content: text,
    metadata: {},
    digest: DIGEST,
  },
});

describe("streamMessage", () => {
  it("asks over one connection for any number of answers, and tells each its own events", async () => {
    const { client, transport, events, onEvent, deliver, connect } = setUp();
    const others: StreamEvent[] = [];
    client.streamMessage({ message: "One?", session_id: "s1" }, onEvent);
    client.streamMessage({ message: "Two?", message_id: "mine" }, (event) => others.push(event));
    await connect();
    expect(transport.sockets.map((socket) => socket.url)).toEqual(["ws://server/api/ws?ticket=t1"]);
    expect(transport.last.commands).toEqual([
      { type: "chat_stream", data: { message: "One?", session_id: "s1", message_id: "u1" } },
      { type: "chat_stream", data: { message: "Two?", message_id: "mine" } },
    ]);
    const first = [started("u1"), chunk("u1", 0, "a"), complete("u1", "a")];
    deliver(started("mine"), ...first, chunk("mine", 0, "b"), { type: "pong", data: {} });
    deliver(chunk("u1", 1, "late"));
    expect(events).toEqual(first);
    expect(others).toEqual([started("mine"), chunk("mine", 0, "b")]);
  });

  it("goes on where it was after a lost connection, and tells nothing twice", async () => {
    const { client, clock, transport, events, onEvent, deliver, connect } = setUp();
    client.streamMessage({ message: "One?" }, onEvent);
    await connect();
    deliver(started("u1"), chunk("u1", 0, "a"), chunk("u1", 1, "b"));
    client.streamMessage({ message: "Two?" }, () => undefined);
    transport.last.drop();
    await clock.advance(1000);
    await connect();
    expect(transport.last.commands).toEqual([
      { type: "resume_stream", data: { message_id: "u1", after_seq: 2 } },
      { type: "chat_stream", data: { message: "Two?", message_id: "u2" } },
    ]);
    deliver(chunk("u1", 1, "b"), chunk("u1", 2, "c"), complete("u1", "abc"));
    expect(events).toEqual([
      started("u1"),
      ...["a", "b", "c"].map((content, index) => chunk("u1", index, content)),
      complete("u1", "abc"),
    ]);
  });

  it("stops an answer once, also over a lost connection, and tells its end", async () => {
    const { client, clock, transport, events, onEvent, deliver, connect } = setUp();
    const cancel = client.streamMessage({ message: "One?" }, onEvent);
    await connect();
    deliver(started("u1"), chunk("u1", 0, "a"));
    transport.last.drop();
    cancel();
    cancel();
    await clock.advance(1000);
    await connect();
    expect(transport.last.commands).toEqual([
      { type: "stop_generation", data: { message_id: "u1" } },
    ]);
    const stopped: StreamEvent = {
      type: "generation_stopped",
      data: {
        message_id: "u1",
        ai_message_id: "a-u1",
        reason: "user",
        partial_content: "a",
        tokens_generated: 1,
        digest: DIGEST,
      },
    };
    deliver(stopped);
    expect(events.at(-1)).toEqual(stopped);
    cancel();
    expect(transport.last.commands).toHaveLength(1);
  });

  it("never asks what was cancelled before there was a connection", async () => {
    const { client, transport, events, onEvent, connect } = setUp();
    client.streamMessage({ message: "One?" }, onEvent)();
    await connect();
    expect(transport.last.commands).toEqual([]);
    expect(events.map((event) => event.type)).toEqual(["generation_stopped"]);
  });

  it("asks for the whole answer over HTTP where no event comes in 30 seconds", async () => {
    const { client, clock, server, events, onEvent, deliver, connect } = setUp();
    const bodies: unknown[] = [];
    const fetch = server.fetch;
    server.fetch = async (input, init) => {
      if (!String(input).endsWith("/api/v1/chat")) return fetch(input, init);
      bodies.push(JSON.parse(String(init?.body)));
      return Response.json({
        session_id: "s1",
        message_id: "a-u1",
        turn_id: "t-u1",
        status: "complete",
        message: "whole",
        emotion_state: null,
        metadata: { model: "sim/x" },
      });
    };
    client.streamMessage(
      { message: "One?", context: { enable_reasoning: true, subject: "physics" } },
      onEvent,
    );
    await connect();
    await clock.advance(29_999);
    expect(bodies).toEqual([]);
    await clock.advance(1);
    expect(bodies).toEqual([
      {
        message: "One?",
        request_id: "u1",
        session_id: null,
        model: null,
        enable_reasoning: true,
        context: { subject: "physics" },
      },
    ]);
    deliver(started("u1"), chunk("u1", 0, "late"));
    await settle();
    expect(events.map((event) => event.type)).toEqual(["stream_start", "stream_complete"]);
    expect(events[1]?.data).toMatchObject({ full_content: "whole", ai_message_id: "a-u1" });
  });

  it("asks for whole answers at once where no socket gets through, and returns to one", async () => {
    const { client, clock, server, events, onEvent, deliver, transport } = setUp();
    const asked: string[] = [];
    const fetch = server.fetch;
    server.fetch = async (input, init) => {
      const path = String(input).replace("http://server", "");
      if (path === "/api/stream/status") return Response.json({});
      if (!path.startsWith("/api/v1/chat")) return fetch(input, init);
      asked.push(`${path} ${JSON.parse(String(init?.body)).request_id}`);
      if (path.endsWith("stop")) return new Response(null, { status: 204 });
      if (asked.length > 1) return new Promise(() => undefined);
      const ids = { session_id: "s1", message_id: "a-u1", turn_id: "t-u1", status: "complete" };
      return Response.json({ ...ids, message: "Hello", metadata: { model: "sim/x" } });
    };
    client.streamMessage({ message: "One?" }, onEvent);
    await settle();
    transport.last.accept();
    deliver({ type: "pong", data: {} }, started("u1"), chunk("u1", 0, "Hel"));
    transport.last.drop();
    await clock.advance(1_000);
    transport.last.drop(1006);
    await settle();
    expect(events.map((event) => event.type)).toEqual([
      "stream_start",
      "content_chunk",
      "stream_complete",
    ]);
    const stop = client.streamMessage({ message: "Two?" }, onEvent);
    await settle();
    stop();
    stop();
    await settle();
    expect(asked).toEqual(["/api/v1/chat u1", "/api/v1/chat u2", "/api/v1/chat/stop u2"]);
    expect(events.at(-1)?.type).toBe("generation_stopped");
    await clock.advance(30_000);
    transport.last.accept();
    deliver({ type: "pong", data: {} });
    client.streamMessage({ message: "Three?" }, onEvent);
    expect(transport.last.commands.map((frame) => frame.type)).toEqual(["chat_stream"]);
  });

  it("tells what a person can do where neither way leads anywhere", async () => {
    const { client, clock, server, events, onEvent } = setUp();
    server.failing = 0;
    client.streamMessage({ message: "One?" }, onEvent);
    await clock.advance(30_000);
    expect(events).toEqual([
      {
        type: "stream_error",
        data: expect.objectContaining({ message_id: "u1", code: "UNREACHABLE" }),
      },
    ]);
  });

  it("lets go of everything when it is closed", async () => {
    const { client, clock, transport, server, events, onEvent, connect } = setUp();
    client.streamMessage({ message: "One?" }, onEvent);
    await connect();
    client.close();
    await clock.advance(60_000);
    expect(transport.last.closed).toBe(true);
    expect(server.requests.filter((line) => line.includes("/api/v1/chat"))).toEqual([]);
    expect(events).toEqual([]);
  });
});
