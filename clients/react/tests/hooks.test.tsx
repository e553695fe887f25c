import { browserNetwork, type NetworkEvent } from "@millrace/client";
import { act, cleanup, render, screen } from "@testing-library/react";
import { memo, StrictMode, useMemo, useState } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { detail, Script, settle, setUp, stored } from "../../client/tests/support.ts";
import {
  ChatProvider,
  type ChatStream,
  useChatStream,
  useConnection,
  useConversation,
} from "../src/index.ts";

afterEach(cleanup);

type Set = ReturnType<typeof setUp>;

function mount(set: Set, options: { strict?: boolean; sessionId?: string } = {}) {
  const current: { stream: ChatStream | null } = { stream: null };
  const sessions: string[] = [];
  function Page() {
    const [sessionId, setSessionId] = useState<string | null>(options.sessionId ?? null);
    current.stream = useChatStream({
      sessionId,
      onSession: (id) => {
        sessions.push(id);
        setSessionId(id);
      },
    });
    return <output>{current.stream.messages.map((message) => message.content).join("|")}</output>;
  }
  const tree = (
    <ChatProvider client={set.client}>
      <Page />
    </ChatProvider>
  );
  const view = render(options.strict ? <StrictMode>{tree}</StrictMode> : tree);
  const stream = () => {
    if (!current.stream) throw new Error("not rendered");
    return current.stream;
  };
  return { view, stream, sessions };
}

describe("useChatStream", () => {
  it("sends, streams, and tells the new session's id once", async () => {
    const set = setUp();
    const { stream, sessions } = mount(set);
    await act(() => set.connect());
    act(() => stream().sendMessage("Hello?"));
    expect(stream().isStreaming).toBe(true);
    const script = new Script("t1", "s1", "m1", "r1");
    await act(async () => set.transport.last.deliver(script.started(), script.token("Hi")));
    expect(screen.getByRole("status").textContent).toBe("Hello?|Hi");
    expect(stream().currentSessionId).toBe("s1");
    await act(async () => {
      set.transport.last.deliver(script.complete());
      await settle();
    });
    expect(stream().isStreaming).toBe(false);
    expect(sessions).toEqual(["s1"]);
  });

  it("doubles nothing in StrictMode, and leaves nothing behind", async () => {
    const set = setUp();
    set.server.sessions.set("s1", detail());
    const { view } = mount(set, { strict: true, sessionId: "s1" });
    await act(() => set.clock.advance(0));
    expect(set.transport.sockets).toHaveLength(1);
    expect(set.server.requests.filter((line) => line === "GET /api/sessions/s1")).toHaveLength(1);
    expect(set.network.listeners).toBe(1);
    view.unmount();
    await set.clock.advance(0);
    expect(set.network.listeners).toBe(0);
    expect(set.transport.last.closed).toBe(true);
    expect(set.client.connection.get().state).toBe("disconnected");
  });

  it("gives an error of the newest answer", async () => {
    const set = setUp();
    const { stream } = mount(set);
    await act(() => set.connect());
    act(() => stream().sendMessage("Hello?"));
    const script = new Script("t1", "s1", "m1", "r1");
    await act(async () => {
      set.transport.last.deliver(script.started(), script.failed());
      await settle();
    });
    expect(stream().error?.code).toBe("PROVIDER_FAILURE");
  });

  it("renders again only what has changed", async () => {
    const set = setUp();
    const user = stored({ id: "u0", role: "user", content: "Before" });
    set.server.sessions.set("s1", detail({ messages: [user] }));
    const renders: string[] = [];
    const Line = memo(({ message }: { message: ChatStream["messages"][number] }) => {
      renders.push(message.key);
      return <p>{message.content}</p>;
    });
    function Chip() {
      renders.push("chip");
      return <b>{useConnection().state}</b>;
    }
    function Page() {
      const { messages } = useChatStream({ sessionId: "s1" });
      return messages.map((message) => <Line key={message.key} message={message} />);
    }
    render(
      <ChatProvider client={set.client}>
        <Chip />
        <Page />
      </ChatProvider>,
    );
    await act(() => set.connect());
    await act(() => settle());
    act(() => void set.client.send("s1", "Hello?"));
    const script = new Script("t1", "s1", "m1", "r1");
    await act(async () => set.transport.last.deliver(script.started()));
    renders.length = 0;
    await act(async () => set.transport.last.deliver(script.token("Hi")));
    expect(renders).toEqual(["r1:answer"]);
  });

  it("has what a conversation's life needs", async () => {
    const set = setUp();
    const answer = stored({ id: "m0", role: "assistant", content: "Second", version_count: 2 });
    set.server.sessions.set("s1", detail({ messages: [answer] }));
    set.server.answer = (line) =>
      line === "PUT /api/messages/m0/version"
        ? Response.json({ ...answer, content: "First", version: 1 })
        : undefined;
    const { stream } = mount(set, { sessionId: "s1" });
    await act(() => settle());
    expect(stream()).toMatchObject({ isConnected: false, transport: null, hasOlder: false });
    act(() => stream().sendMessage("Never mind"));
    expect(stream().messages.at(-1)?.status).toBe("waiting");
    act(() => stream().withdraw("r1"));
    expect(stream().messages.map((message) => message.content)).toEqual(["Second"]);
    await act(() => stream().selectVersion("m0", 1));
    expect(stream().messages[0]?.content).toBe("First");

    await act(() => set.connect());
    expect(stream()).toMatchObject({ isConnected: true, transport: "websocket" });
    act(() => stream().configure({ stream_speed: "slow" }));
    act(() => stream().regenerate("m0", { model: "sim/y" }));
    const script = new Script("t2", "s1", "m0", "r2");
    await act(async () => set.transport.last.deliver(script.started(), script.token("Thi")));
    act(() => stream().pause());
    expect(stream().isPaused).toBe(true);
    act(() => stream().unpause());
    expect(stream()).toMatchObject({ isPaused: false, isStreaming: true });
    act(() => stream().stopGeneration());
    expect(set.transport.last.commands.map((frame) => frame.type)).toEqual([
      "chat_config",
      "chat_regenerate",
      "chat_pause",
      "chat_continue",
      "chat_stop",
    ]);
    act(() => stream().clearMessages());
  });

  it("sends once in StrictMode, and leaves no timer and no listener behind", async () => {
    const set = setUp({ tabs: null });
    const { view, stream } = mount(set, { strict: true });
    await act(() => set.connect());
    act(() => stream().sendMessage("Hello?"));
    expect(set.transport.sockets).toHaveLength(1);
    expect(set.transport.last.commands).toHaveLength(1);
    const script = new Script("t1", "s1", "m1", "r1");
    await act(async () => {
      set.transport.last.deliver(script.started(), script.token("Hi"), script.complete());
      await settle();
    });
    expect(screen.getByRole("status").textContent).toBe("Hello?|Hi");
    view.unmount();
    await set.clock.advance(0);
    expect(set.network.listeners).toBe(0);
    expect(set.clock.waiting).toBe(0);
    // What happens later finds nobody: a state that is set after the end would be an error.
    act(() => void set.client.send("s1", "Nobody looks"));
  });

  it("keeps its functions, and spares what does not read the connection", async () => {
    const set = setUp();
    let renders = 0;
    const Buttons = memo(
      ({ stream }: { stream: Pick<ChatStream, "sendMessage" | "reconnect"> }) => {
        renders++;
        return <button type="button" onClick={() => stream.sendMessage("Hello?")} />;
      },
    );
    function Page() {
      const { sendMessage, reconnect } = useChatStream({ sessionId: "s1" });
      const stream = useMemo(() => ({ sendMessage, reconnect }), [sendMessage, reconnect]);
      return <Buttons stream={stream} />;
    }
    let lists = 0;
    function Messages() {
      lists++;
      return <p>{useConversation("s1").messages.length}</p>;
    }
    set.server.sessions.set("s1", detail());
    render(
      <ChatProvider client={set.client}>
        <Page />
        <Messages />
      </ChatProvider>,
    );
    await act(() => settle());
    const before = lists;
    await act(() => set.connect());
    await act(async () => set.transport.last.drop());
    await act(() => set.clock.advance(1_000));
    await act(async () => set.transport.last.accept());
    expect(renders).toBe(1);
    expect(lists).toBe(before);
  });
});

it("the browser's own signals are heard until nobody listens", () => {
  const network = browserNetwork();
  const heard: NetworkEvent[] = [];
  const stop = network.subscribe((event) => heard.push(event));
  window.dispatchEvent(new Event("offline"));
  window.dispatchEvent(new Event("online"));
  const visible = vi.spyOn(document, "visibilityState", "get");
  for (const state of ["hidden", "visible"] as const) {
    visible.mockReturnValue(state);
    document.dispatchEvent(new Event("visibilitychange"));
  }
  expect(heard).toEqual(["offline", "online", "visible"]);
  stop();
  window.dispatchEvent(new Event("online"));
  expect(heard).toHaveLength(3);
  expect(network.online()).toBe(true);
});
