import { act, cleanup, render, screen } from "@testing-library/react";
import { memo, StrictMode, useState } from "react";
import { afterEach, describe, expect, it } from "vitest";
import { detail, Script, settle, setUp, stored } from "../../client/tests/support.ts";
import { ChatProvider, type ChatStream, useChatStream, useConnection } from "../src/index.ts";

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
});
