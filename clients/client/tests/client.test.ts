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

  it("is checked of an answer that was stopped, too", async () => {
    const { client, connect, server } = setUp();
    const events: ClientEvent[] = [];
    client.on((event) => events.push(event));
    const socket = await connect();
    client.send("s1", "Hello?");
    const script = new Script("t1", "s1", "m1", "r1");
    const kept = { id: "m1", turn_id: "t1", content: "Half", status: "cancelled" } as const;
    server.sessions.set("s1", detail({ messages: [stored({ ...kept, role: "assistant" })] }));
    socket.deliver(script.started(), script.token("Hal"), script.cancelled(digestOf("Half")));
    await vi.waitFor(() => expect(events.at(-1)?.kind).toBe("turn-ended"));
    expect(events[0]).toEqual({ kind: "digest-mismatch", turnId: "t1", healed: false });
    expect(answers(client)[0]).toMatchObject({ content: "Half", status: "cancelled" });
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

describe("answers that come as a whole", () => {
  function batch(answer: (body: Record<string, unknown>) => Response | Promise<Response>) {
    const set = setUp();
    const { client, server } = set;
    client.realtime = false;
    const asked: Record<string, unknown>[] = [];
    server.answer = (line, init) => {
      if (line === "POST /api/sessions") return Response.json(detail().session);
      if (line !== "POST /api/v1/chat") return undefined;
      const body = JSON.parse(String(init?.body)) as Record<string, unknown>;
      asked.push(body);
      return answer(body);
    };
    return { ...set, asked };
  }
  const whole = { session_id: "s1", message_id: "m1", turn_id: "t1", message: "Because." };
  const kept = (over: Partial<Parameters<typeof stored>[0]> = {}) => [
    stored({ id: "u1", role: "user", content: "Why?", turn_id: "t1" }),
    stored({ id: "m1", role: "assistant", content: "Because.", turn_id: "t1", ...over }),
  ];

  it("are asked for over HTTP, in a session that is known before", async () => {
    let done: (response: Response) => void = () => undefined;
    const { client, server, asked, connect } = batch(
      () =>
        new Promise((resolve) => {
          done = resolve;
        }),
    );
    const socket = await connect();
    const key = client.send(null, "Why?");
    await settle();
    const { state } = client.conversation(key);
    expect(asked).toEqual([{ message: "Why?", request_id: "r1", session_id: "s1" }]);
    expect(state.get()).toMatchObject({ sessionId: "s1", busy: true });
    client.stop("s1");
    expect(socket.commands).toEqual([{ type: "chat_stop", data: { session_id: "s1" } }]);
    const keys = state.get().messages.map((message) => message.key);
    server.sessions.set("s1", detail({ messages: kept() }));
    done(Response.json(whole));
    await settle();
    expect(state.get().busy).toBe(false);
    expect(state.get().messages.map(({ key: shown, id, content }) => [shown, id, content])).toEqual(
      [
        [keys[0], "u1", "Why?"],
        [keys[1], "m1", "Because."],
      ],
    );
  });

  it("are asked for once, however often the connection comes back", async () => {
    const { client, asked, connect, transport, clock } = batch(() => new Promise(() => undefined));
    await connect();
    client.send("s1", "Why?");
    await settle();
    transport.last.drop();
    await clock.advance(5_000);
    transport.last.accept();
    await settle();
    expect(asked).toHaveLength(1);
  });

  it("that failed are shown as they were stored, and refused ones as refused", async () => {
    const problem = { title: "No", status: 502, code: "PROVIDER_FAILURE", detail: "Try again." };
    const { client, server } = batch(() => Response.json(problem, { status: 502 }));
    const error = { code: "PROVIDER_FAILURE", message: "Try again." } as const;
    server.sessions.set("s1", detail());
    await client.open("s1");
    client.send("s1", "Why?");
    await settle();
    expect(answers(client).map(({ status, id }) => [status, id])).toEqual([["failed", null]]);
    server.sessions.set("s1", detail({ messages: kept({ status: "failed", error }) }));
    client.resend("s1", "r1");
    await settle();
    expect(answers(client).map(({ status, id }) => [status, id])).toEqual([["failed", "m1"]]);
  });

  it("that were waited for before a reload are not shown twice", async () => {
    const first = batch(() => new Promise(() => undefined));
    first.client.send("s1", "Why?");
    const again = setUp({ storage: first.storage });
    const question = stored({ id: "u1", role: "user", content: "Why?", turn_id: "t1" });
    const running = [
      { turn_id: "t1", message_id: "m1", state: "running" as const, user_message: question },
    ];
    again.server.sessions.set("s1", detail({ running }));
    await again.client.open("s1");
    const { messages } = again.client.conversation("s1").state.get();
    expect(messages.map((message) => message.role)).toEqual(["user", "assistant"]);
  });
});

describe("holding", () => {
  it("holds what is delivered, also on a new connection, and lets it go on", async () => {
    const { client, connect, transport, clock } = setUp();
    const socket = await connect();
    client.send("s1", "Hello?");
    const script = new Script("t1", "s1", "m1", "r1");
    socket.deliver(script.started(), script.token("Hi"));
    client.pause("s1");
    expect(client.conversation("s1").state.get().paused).toBe(true);
    expect(socket.commands.at(-1)).toEqual({ type: "chat_pause", data: { turn_id: "t1" } });
    socket.drop();
    await clock.advance(5_000);
    transport.last.accept();
    expect(transport.last.commands.map((frame) => frame.type)).toEqual([
      "chat_resume",
      "chat_pause",
    ]);
    client.continue("s1");
    expect(transport.last.commands.at(-1)?.type).toBe("chat_continue");
    expect(client.conversation("s1").state.get().paused).toBe(false);
  });

  it("ends with the turn, and with a stop", async () => {
    const { client, connect } = setUp();
    const socket = await connect();
    client.send("s1", "Hello?");
    const script = new Script("t1", "s1", "m1", "r1");
    socket.deliver(script.started());
    client.pause("s1");
    client.stop("s1");
    expect(socket.commands.map((frame) => frame.type).slice(-2)).toEqual([
      "chat_stop",
      "chat_continue",
    ]);
    client.pause("s1");
    socket.deliver(script.cancelled());
    expect(client.conversation("s1").state.get().paused).toBe(false);
    await settle();
  });
});

describe("older messages", () => {
  it("come before what is there, which stays; a reload of the newest keeps them", async () => {
    const { client, server } = setUp();
    const message = (id: string) => stored({ id, role: "user", content: id });
    const session = { ...detail().session, message_count: 4 };
    server.sessions.set("s1", { session, messages: [message("c"), message("d")], running: [] });
    const older = { session, messages: [message("a"), message("b")], running: [] };
    server.answer = (line) => (line.includes("before=") ? Response.json(older) : undefined);
    await client.open("s1");
    const { state } = client.conversation("s1");
    expect(state.get().hasOlder).toBe(true);
    const before = state.get().messages[0];
    await Promise.all([client.loadOlder("s1"), client.loadOlder("s1")]);
    expect(server.requests.filter((line) => line.includes("before=c"))).toHaveLength(1);
    expect(state.get().messages.map((one) => one.id)).toEqual(["a", "b", "c", "d"]);
    expect(state.get().messages[2]).toBe(before);
    expect(state.get().hasOlder).toBe(false);
    await client.open("s1");
    expect(state.get().messages.map((one) => one.id)).toEqual(["a", "b", "c", "d"]);
  });
});
