import { ChatProvider, useConversation } from "@millrace/react";
import { act, cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  detail,
  refusal,
  Script,
  settle,
  setUp,
  stored,
} from "../../clients/client/tests/support.ts";
import { Messages } from "../src/chat/Messages.tsx";
import { loadMarkdown } from "../src/markdown/Markdown.tsx";

beforeAll(loadMarkdown);
afterEach(cleanup);

function Conversation() {
  const { messages, busy } = useConversation("s1");
  return <Messages conversationKey="s1" messages={messages} busy={busy} reasoning={false} />;
}

async function mount(messages: ReturnType<typeof stored>[] = []) {
  const set = setUp();
  set.server.sessions.set("s1", detail({ messages }));
  render(
    <ChatProvider client={set.client}>
      <Conversation />
    </ChatProvider>,
  );
  const socket = await act(() => set.connect());
  await act(() => settle());
  return { ...set, socket };
}

describe("a conversation", () => {
  it("shows an answer while it is written, and that it is", async () => {
    const { client, socket } = await mount();
    act(() => void client.send("s1", "Hello?"));
    expect(screen.getByTestId("streaming-indicator").textContent).toContain("Sending");
    const script = new Script("t1", "s1", "m1", "r1");
    await act(async () => socket.deliver(script.started(), script.token("Hi *there")));
    expect(await screen.findByText("there")).toBeTruthy();
    expect(screen.getByTestId("streaming-indicator")).toBeTruthy();
    await act(async () => {
      socket.deliver(script.complete());
      await settle();
    });
    expect(screen.queryByTestId("streaming-indicator")).toBeNull();
    expect(screen.getByTestId("ai-message").dataset["status"]).toBe("complete");
  });

  it("says what failed and what to do, and tries again in the same place", async () => {
    const user = userEvent.setup();
    const { client, socket } = await mount();
    act(() => void client.send("s1", "Hello?"));
    const script = new Script("t1", "s1", "m1", "r1");
    await act(async () => {
      socket.deliver(script.started(), script.failed());
      await settle();
    });
    expect(screen.getByRole("alert").textContent).toContain("The model could not answer");
    await user.click(screen.getByTestId("retry-button"));
    expect(socket.commands.at(-1)).toMatchObject({
      type: "chat_regenerate",
      data: { session_id: "s1", message_id: "m1" },
    });
    expect(screen.getAllByTestId("ai-message")).toHaveLength(1);
  });

  it("waits as long as the server asks before a refused message is sent again", async () => {
    const { client, socket } = await mount();
    act(() => void client.send("s1", "Hello?"));
    const error = { code: "RATE_LIMIT", message: "Wait.", recoverable: true, retry_after: 7 };
    await act(async () => socket.deliver(refusal(error, { request_id: "r1" })));
    const retry = screen.getByTestId<HTMLButtonElement>("retry-button");
    expect(retry.textContent).toBe("Retry in 7 s");
    expect(retry.disabled).toBe(true);
  });

  it("lists sources, versions and what a stop left", async () => {
    const citations = [
      { title: "The docs", url: "https://example.org", snippet: "So it is.", number: 1 },
    ];
    await mount([
      stored({
        id: "m1",
        role: "assistant",
        content: "Partial",
        status: "cancelled",
        version: 2,
        version_count: 3,
        metadata: { citations },
      }),
    ]);
    expect(screen.getByText("Stopped. What was written is kept.")).toBeTruthy();
    expect(screen.getByText("2 / 3")).toBeTruthy();
    expect(screen.getByRole("region", { name: "Sources" }).textContent).toContain("The docs");
  });
});
