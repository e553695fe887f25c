import { createHash } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import type { ChatClient, ClientEvent } from "../src/index.ts";
import { detail, refusal, Script, settle, setUp, stored } from "./support.ts";

const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

function answers(client: ChatClient, key = "s1") {
  return client
    .conversation(key)
    .state.get()
    .messages.filter((message) => message.role === "assistant");
}

describe("sending", () => {
  it("shows the question at once, and the answer as it comes", async () => {
    const { client, connect } = setUp();
    const socket = await connect();
    const key = client.send(null, "Hello?");
    const state = client.conversation(key).state;
    expect(state.get().messages.map((one) => [one.role, one.content, one.status])).toEqual([
      ["user", "Hello?", "sending"],
      ["assistant", "", "sending"],
    ]);
    expect(state.get().busy).toBe(true);
    expect(socket.commands).toEqual([
      { type: "chat_request", data: { message: "Hello?", request_id: "r1" } },
    ]);
    const script = new Script("t1", "s1", "m1", "r1");
    socket.deliver(script.started());
    expect(state.get().sessionId).toBe("s1");
    expect(client.conversation("s1")).toBe(client.conversation(key));
    expect(answers(client)[0]).toMatchObject({ status: "thinking", id: "m1", turnId: "t1" });
    socket.deliver(script.token("Hi"), script.token(" there"));
    expect(answers(client)[0]).toMatchObject({ status: "streaming", content: "Hi there" });
    socket.deliver(script.complete());
    expect(answers(client)[0]).toMatchObject({ status: "complete", content: "Hi there" });
    expect(state.get().busy).toBe(false);
    await settle();
  });

  it("matches the first frame by order where the server does not name the request", async () => {
    const { client, connect } = setUp();
    const socket = await connect();
    client.send("s1", "one");
    client.send("s1", "two");
    expect(answers(client).map((one) => one.status)).toEqual(["sending", "queued"]);
    const first = new Script("t1", "s1", "m1");
    const second = new Script("t2", "s1", "m2");
    socket.deliver(first.started(), first.token("1"), first.complete());
    socket.deliver(second.started(), second.token("2"), second.complete());
    expect(answers(client).map((one) => one.content)).toEqual(["1", "2"]);
    await settle();
  });

  it("sends a request again after a reconnect until its first frame, with the same id", async () => {
    const { client, connect, transport, clock } = setUp();
    const socket = await connect();
    client.send("s1", "Hello?");
    socket.drop();
    await clock.advance(1000);
    transport.last.accept();
    expect(transport.last.commands).toEqual(socket.commands);
    const script = new Script("t1", "s1", "m1", "r1");
    transport.last.deliver(script.started(), script.token("Hi"));
    transport.last.drop();
    await clock.advance(1000);
    transport.last.accept();
    expect(transport.last.commands).toEqual([
      { type: "chat_resume", data: { turn_id: "t1", after_seq: 1 } },
    ]);
  });

  it("sends what was written offline, and holds back a second message of a new conversation", async () => {
    const { client, connect } = setUp();
    const key = client.send(null, "first");
    client.send(key, "second");
    const socket = await connect();
    expect(socket.commands).toHaveLength(1);
    socket.deliver(new Script("t1", "s9", "m1", "r1").started());
    expect(socket.commands[1]).toEqual({
      type: "chat_request",
      data: { message: "second", request_id: "r2", session_id: "s9" },
    });
  });

  it("keeps an unsent request over a reload", async () => {
    const first = setUp();
    first.client.send(null, "Hello?");
    const second = setUp({ storage: first.storage });
    const [key = ""] = second.client.drafts;
    expect(second.client.conversation(key).state.get().messages[0]?.content).toBe("Hello?");
    const socket = await second.connect();
    expect(socket.commands).toEqual([
      { type: "chat_request", data: { message: "Hello?", request_id: "r1" } },
    ]);
  });

  it("keeps no request with a key over a reload", async () => {
    const first = setUp();
    first.client.send(null, "Hello?", { provider_key: "sk-mine" });
    const second = setUp({ storage: first.storage });
    expect(second.client.drafts).toHaveLength(0);
    const socket = await first.connect();
    expect(socket.commands[0]?.data).toMatchObject({ provider_key: "sk-mine" });
  });

  it("marks a refused request and sends it again on demand", async () => {
    const { client, connect } = setUp();
    const socket = await connect();
    client.send("s1", "Hello?");
    const error = { code: "RATE_LIMIT", message: "Wait.", recoverable: true, retry_after: 2 };
    socket.deliver(refusal(error, { session_id: "s1" }));
    expect(answers(client)[0]).toMatchObject({
      status: "failed",
      error: { code: "RATE_LIMIT", retryAfter: 2 },
    });
    client.resend("s1", "r1");
    expect(client.conversation("s1").state.get().messages).toHaveLength(2);
    expect(socket.commands.at(-1)?.data).toMatchObject({ message: "Hello?", request_id: "r2" });
  });
});

describe("resuming", () => {
  it("goes on after a lost connection with nothing missing and nothing twice", async () => {
    const { client, connect, transport, clock } = setUp();
    const socket = await connect();
    client.send("s1", "Hello?");
    const script = new Script("t1", "s1", "m1", "r1");
    const frames = [script.started(), ...["a", "b", "c", "d"].map((token) => script.token(token))];
    socket.deliver(...frames.slice(0, 3));
    socket.drop();
    await clock.advance(1000);
    transport.last.accept();
    expect(transport.last.commands).toEqual([
      { type: "chat_resume", data: { turn_id: "t1", after_seq: 2 } },
    ]);
    transport.last.deliver(...frames.slice(1), script.complete());
    expect(answers(client)[0]).toMatchObject({ content: "abcd", status: "complete" });
    await settle();
  });

  it("follows a turn that runs when the page is loaded", async () => {
    const { client, connect, server } = setUp();
    const user = stored({ id: "u1", role: "user", content: "Hello?", turn_id: "t1" });
    server.sessions.set(
      "s1",
      detail({
        running: [{ turn_id: "t1", message_id: "m1", state: "running", user_message: user }],
      }),
    );
    const socket = await connect();
    await client.open("s1");
    expect(socket.commands).toEqual([
      { type: "chat_resume", data: { turn_id: "t1", after_seq: -1 } },
    ]);
    const script = new Script();
    socket.deliver(script.started(), script.token("Hi"));
    expect(
      client
        .conversation("s1")
        .state.get()
        .messages.map((one) => one.content),
    ).toEqual(["Hello?", "Hi"]);
  });

  it("asks for missing pieces as soon as it notices", async () => {
    const { client, connect } = setUp();
    const socket = await connect();
    client.send("s1", "Hello?");
    const script = new Script("t1", "s1", "m1", "r1");
    const [started, a, b, c] = [
      script.started(),
      script.token("a"),
      script.token("b"),
      script.token("c"),
    ];
    socket.deliver(started, a, c);
    expect(socket.commands.at(-1)).toEqual({
      type: "chat_resume",
      data: { turn_id: "t1", after_seq: 1 },
    });
    socket.deliver(b, c);
    expect(answers(client)[0]?.content).toBe("abc");
  });

  it("shows what is stored where the turn has meanwhile ended", async () => {
    const { client, connect, transport, clock, server } = setUp();
    const socket = await connect();
    client.send("s1", "Hello?");
    const script = new Script("t1", "s1", "m1", "r1");
    socket.deliver(script.started(), script.token("Hi"));
    server.sessions.set(
      "s1",
      detail({
        messages: [
          stored({ id: "u1", role: "user", content: "Hello?", turn_id: "t1" }),
          stored({ id: "m1", role: "assistant", content: "Hi there", turn_id: "t1" }),
        ],
      }),
    );
    socket.drop();
    await clock.advance(1000);
    transport.last.accept();
    transport.last.deliver(
      refusal({ code: "NO_ACTIVE_STREAM", message: "No." }, { session_id: "s1", turn_id: "t1" }),
    );
    await settle();
    const { messages } = client.conversation("s1").state.get();
    expect(messages.map((one) => [one.content, one.status])).toEqual([
      ["Hello?", "complete"],
      ["Hi there", "complete"],
    ]);
  });

  it("ends a turn that the server no longer knows, and keeps its text", async () => {
    const { client, connect, server } = setUp();
    const socket = await connect();
    client.send("s1", "Hello?");
    const script = new Script("t1", "s1", "m1", "r1");
    socket.deliver(script.started(), script.token("Hi"));
    server.sessions.set("s1", detail());
    socket.deliver(
      refusal({ code: "NOT_FOUND", message: "No." }, { session_id: "s1", turn_id: "t1" }),
    );
    await settle();
    expect(answers(client)[0]).toMatchObject({
      content: "Hi",
      status: "failed",
      error: { code: "INTERRUPTED" },
    });
  });
});

describe("the digest", () => {
  async function ended(digest: string, full: string, server?: string) {
    const set = setUp();
    const events: ClientEvent[] = [];
    set.client.on((event) => events.push(event));
    const socket = await set.connect();
    set.client.send("s1", "Hello?");
    const script = new Script("t1", "s1", "m1", "r1");
    if (server !== undefined) {
      const answer = stored({ id: "m1", role: "assistant", content: server, turn_id: "t1" });
      set.server.sessions.set("s1", detail({ messages: [answer] }));
    }
    socket.deliver(script.started(), script.token("Hi"));
    socket.deliver(script.complete({ digest, full_message: full }));
    // WebCrypto works beside the event loop: wait for the end itself.
    await vi.waitFor(() => expect(events.at(-1)?.kind).toBe("turn-ended"));
    return { content: answers(set.client)[0]?.content, events };
  }

  it("agrees with the text", async () => {
    const { events } = await ended(digestOf("Hi"), "Hi");
    expect(events.map((event) => event.kind)).toEqual(["turn-ended"]);
  });

  it("heals from the terminal frame", async () => {
    const { content, events } = await ended(digestOf("Hi!"), "Hi!");
    expect(content).toBe("Hi!");
    expect(events).toContainEqual({ kind: "digest-mismatch", turnId: "t1", healed: true });
  });

  it("reads the stored message where the terminal frame is wrong too", async () => {
    const { content, events } = await ended(digestOf("Right"), "Wrong", "Right");
    expect(content).toBe("Right");
    expect(events).toContainEqual({ kind: "digest-mismatch", turnId: "t1", healed: false });
  });
});

describe("commands", () => {
  it("stops the running turn, also when the connection is away for a moment", async () => {
    const { client, connect, transport, clock } = setUp();
    const socket = await connect();
    client.send("s1", "Hello?");
    const script = new Script("t1", "s1", "m1", "r1");
    socket.deliver(script.started(), script.token("Hi"));
    client.stop("s1");
    expect(socket.commands.at(-1)).toEqual({ type: "chat_stop", data: { session_id: "s1" } });
    socket.drop();
    client.stop("s1");
    await clock.advance(1000);
    transport.last.accept();
    expect(transport.last.commands.map((frame) => frame.type)).toEqual([
      "chat_resume",
      "chat_stop",
    ]);
    transport.last.deliver(script.cancelled());
    expect(answers(client)[0]).toMatchObject({ status: "cancelled", content: "Hi" });
    await settle();
  });

  it("takes back what was not sent yet", () => {
    const { client } = setUp();
    const key = client.send(null, "Hello?");
    client.stop(key);
    expect(client.conversation(key).state.get().messages).toEqual([]);
    expect(client.drafts).toEqual([]);
  });

  it("regenerates an answer in its place", async () => {
    const { client, connect, server } = setUp();
    const user = stored({ id: "u1", role: "user", content: "Hello?" });
    const answer = stored({ id: "m1", role: "assistant", content: "Old" });
    server.sessions.set("s1", detail({ messages: [user, answer] }));
    const socket = await connect();
    await client.open("s1");
    client.regenerate("s1", "m1");
    expect(socket.commands.at(-1)).toEqual({
      type: "chat_regenerate",
      data: { session_id: "s1", message_id: "m1", request_id: "r1" },
    });
    const script = new Script("t2", "s1", "m1", "r1");
    socket.deliver(script.started(), script.token("New"));
    expect(answers(client)).toHaveLength(1);
    expect(answers(client)[0]).toMatchObject({ content: "New", version: 2, key: "m1" });
    const renewed = { ...answer, turn_id: "t2", content: "New", version: 2, version_count: 2 };
    server.sessions.set("s1", detail({ messages: [user, renewed] }));
    socket.deliver(script.complete());
    await settle();
    expect(answers(client)[0]).toMatchObject({ content: "New", versionCount: 2 });
  });

  it("puts the old answer back where a new version is refused", async () => {
    const { client, connect, server } = setUp();
    const answer = stored({ id: "m1", role: "assistant", content: "Old" });
    server.sessions.set("s1", detail({ messages: [answer] }));
    const socket = await connect();
    await client.open("s1");
    client.regenerate("s1", "m1");
    socket.deliver(refusal({ code: "QUOTA_EXCEEDED", message: "Used up." }, { request_id: "r1" }));
    expect(answers(client)[0]).toMatchObject({
      content: "Old",
      error: { code: "QUOTA_EXCEEDED" },
    });
  });

  it("repeats its configuration after a reconnect", async () => {
    const { client, connect, transport, clock } = setUp();
    const socket = await connect();
    client.configure({ stream_speed: "slow" });
    socket.drop();
    await clock.advance(1000);
    transport.last.accept();
    expect(transport.last.commands).toEqual([
      { type: "chat_config", data: { config: { stream_speed: "slow" } } },
    ]);
  });

  it("re-reads a conversation that another tab has changed", async () => {
    let tell: (message: { kind: "turn-started"; sessionId: string }) => void = () => undefined;
    const tabs = {
      post: () => undefined,
      subscribe: (listener: typeof tell) => {
        tell = listener as typeof tell;
        return () => undefined;
      },
    };
    const { client, connect, server } = setUp({ tabs });
    server.sessions.set("s1", detail());
    const socket = await connect();
    await client.open("s1");
    const user = stored({ id: "u1", role: "user", content: "Hello?", turn_id: "t1" });
    const running = {
      turn_id: "t1",
      message_id: "m1",
      state: "running",
      user_message: user,
    } as const;
    server.sessions.set("s1", detail({ running: [running] }));
    tell({ kind: "turn-started", sessionId: "s1" });
    await settle();
    expect(socket.commands).toEqual([
      { type: "chat_resume", data: { turn_id: "t1", after_seq: -1 } },
    ]);
  });
});
