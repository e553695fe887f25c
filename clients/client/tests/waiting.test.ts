import { describe, expect, it } from "vitest";
import type { ChatClient } from "../src/index.ts";
import { detail, Script, settle, setUp, stored } from "./support.ts";

function shown(client: ChatClient, key: string) {
  return client
    .conversation(key)
    .state.get()
    .messages.map(({ content, status }) => [content, status]);
}

describe("what is written without a connection", () => {
  it("waits, also over a reload, and is sent once with its own id", async () => {
    const before = setUp();
    before.network.emit("offline");
    const key = before.client.send(null, "First?");
    before.client.send(key, "Second?");
    expect(shown(before.client, key)).toEqual([
      ["First?", "waiting"],
      ["", "waiting"],
      ["Second?", "waiting"],
      ["", "waiting"],
    ]);

    const { client, connect, transport } = setUp({
      storage: before.storage,
      createId: () => "r9",
    });
    expect(client.drafts).toEqual([key]);
    expect(shown(client, key).map(([, status]) => status)).toEqual(Array(4).fill("waiting"));
    const socket = await connect();
    expect(shown(client, key).map(([, status]) => status)).toEqual([
      "sending",
      "sending",
      "queued",
      "queued",
    ]);
    const script = new Script("t1", "s1", "m1", "r1");
    socket.deliver(script.started());
    expect(socket.commands.map((frame) => "data" in frame && frame.data)).toEqual([
      { message: "First?", request_id: "r1" },
      { message: "Second?", request_id: "r2", session_id: "s1" },
    ]);
    // The first was heard of; only the second one goes out again, under the same id.
    socket.drop();
    expect(shown(client, key).map(([, status]) => status)).toEqual([
      "complete",
      "thinking",
      "waiting",
      "waiting",
    ]);
    client.reconnect();
    await settle();
    transport.last.accept();
    expect(transport.last.commands).toMatchObject([
      { type: "chat_resume", data: { turn_id: "t1" } },
      { type: "chat_request", data: { request_id: "r2" } },
    ]);
    transport.last.deliver(new Script("t2", "s1", "m2", "r2").started());
    expect(before.storage.items.size).toBe(0);
  });

  it("can be taken back, and what waited for its session goes first", async () => {
    const { client, connect, storage } = setUp();
    const key = client.send(null, "First?");
    client.send(key, "Second?");
    client.withdraw("r1");
    client.withdraw("r1");
    expect(shown(client, key)).toEqual([
      ["Second?", "waiting"],
      ["", "waiting"],
    ]);
    expect([...storage.items.values()].join()).not.toContain("First?");
    const socket = await connect();
    expect(socket.commands).toEqual([
      { type: "chat_request", data: { message: "Second?", request_id: "r2" } },
    ]);
    client.withdraw("r2");
    expect(client.conversation(key).state.get()).toMatchObject({ messages: [], busy: false });
  });

  it("gives an answer back whose new version was taken back", async () => {
    const { client, server } = setUp();
    const answer = stored({ id: "m1", role: "assistant", content: "Old" });
    server.sessions.set("s1", detail({ messages: [answer] }));
    await client.open("s1");
    client.regenerate("s1", "m1");
    expect(shown(client, "s1")).toEqual([["", "waiting"]]);
    client.withdraw("r1");
    expect(shown(client, "s1")).toEqual([["Old", "complete"]]);
  });

  it("is a new version, asked for before a reload, that is followed where it belongs", async () => {
    const first = setUp();
    const answer = stored({ id: "m1", role: "assistant", content: "Old" });
    const server = first.server;
    server.sessions.set("s1", detail({ messages: [answer] }));
    await first.client.open("s1");
    first.client.regenerate("s1", "m1");

    const again = setUp({ storage: first.storage });
    again.server.sessions.set("s1", detail({ messages: [answer] }));
    await again.client.open("s1");
    const socket = await again.connect();
    expect(socket.commands).toMatchObject([{ type: "chat_regenerate" }]);
    const user = stored({ id: "u1", role: "user", content: "Hello?", turn_id: "t2" });
    const running = [
      { turn_id: "t2", message_id: "m1", state: "running" as const, user_message: user },
    ];
    again.server.sessions.set("s1", detail({ messages: [answer], running }));
    const script = new Script("t2", "s1", "m1", "r1");
    socket.deliver(script.started());
    await settle();
    expect(socket.commands.at(-1)).toEqual({
      type: "chat_resume",
      data: { turn_id: "t2", after_seq: -1 },
    });
    expect(again.storage.items.size).toBe(0);
  });
});
