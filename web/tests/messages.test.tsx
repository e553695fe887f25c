import type { CompletionMetadata } from "@millrace/client";
import { ChatProvider, useConversation } from "@millrace/react";
import { act, cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  detail,
  refusal,
  Script,
  settle,
  setUp,
  stored,
} from "../../clients/client/tests/support.ts";
import { MessageRow } from "../src/chat/MessageRow.tsx";
import { useChoices } from "../src/state/choices.ts";
import { usePage } from "../src/state/page.ts";

const onAsk = vi.fn();
const onEdit = vi.fn();
const onBranch = vi.fn();
beforeEach(() => {
  vi.clearAllMocks();
  useChoices.setState(useChoices.getInitialState());
  usePage.setState(usePage.getInitialState());
});
afterEach(cleanup);

// Without the list around them, which needs a browser's layout.
function Conversation() {
  const { messages, busy } = useConversation("s1");
  return messages.map((message, index) => (
    <MessageRow
      key={message.key}
      message={message}
      conversationKey="s1"
      busy={busy}
      last={index === messages.length - 1}
      marked={false}
      previous={messages[index - 1]?.id ?? null}
      editable
      onAsk={onAsk}
      onEdit={onEdit}
      onBranch={onBranch}
    />
  ));
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
  it("marks what waits for a connection, and takes it back on demand", async () => {
    const { client, socket } = await mount();
    act(() => void client.send("s1", "Out it goes"));
    expect(screen.queryByTestId("waiting-mark")).toBeNull();
    act(() => socket.drop());
    act(() => void client.send("s1", "Better not"));
    expect(screen.getAllByTestId("waiting-mark")).toHaveLength(2);
    await userEvent.click(screen.getAllByRole("button", { name: "Do not send" })[1] as Element);
    expect(screen.getAllByTestId("user-message").map((one) => one.textContent)).toEqual([
      "Out it goes",
    ]);
  });

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

  it("shows the thinking while it goes on, and folds it away with how long it took", async () => {
    const { client, socket } = await mount();
    act(() => void client.send("s1", "Why?"));
    const script = new Script("t1", "s1", "m1", "r1");
    await act(async () =>
      socket.deliver(script.started(), script.fact("reasoning_delta", { text: "First, *wh" })),
    );
    expect(screen.getByTestId("thinking").textContent).toContain("First, wh");
    await act(async () =>
      socket.deliver(
        script.fact("reasoning_delta", { text: "at* is blue?\n\nThen" }),
        script.step("First, *what* is blue?"),
      ),
    );
    const thinking = screen.getByTestId<HTMLDetailsElement>("thinking");
    expect(thinking.open).toBe(true);
    expect(thinking.textContent).toContain("Thinking for 0 s · 1 step");
    expect(within(thinking).getByText("what").tagName).toBe("EM");
    expect(thinking.textContent?.endsWith("First, what is blue?Then")).toBe(true);
    await act(async () => socket.deliver(script.thought(4200), script.token("Because.")));
    expect(thinking.open).toBe(false);
    expect(thinking.textContent).toContain("Thought for 4 s");
    await userEvent.setup().click(screen.getByText("Thought for 4 s"));
    expect(thinking.open).toBe(true);
    act(() => useChoices.getState().set({ showThinking: false }));
    expect(screen.queryByTestId("thinking")).toBeNull();
  });

  it("holds an answer back until it is whole where real-time streaming is off", async () => {
    act(() => useChoices.getState().set({ realtime: false }));
    const { client, socket } = await mount();
    act(() => void client.send("s1", "Why?"));
    const script = new Script("t1", "s1", "m1", "r1");
    await act(async () => socket.deliver(script.started(), script.token("Because.")));
    expect(screen.queryByText("Because.")).toBeNull();
    expect(screen.getByTestId("streaming-indicator").textContent).toContain("Writing");
    await act(async () => {
      socket.deliver(script.complete());
      await settle();
    });
    expect(screen.getByText("Because.")).toBeTruthy();
  });

  it("marks where somebody else went on, and says what seems to be felt", async () => {
    const { client, socket } = await mount();
    act(() => void client.send("s1", "Why?"));
    const script = new Script("t1", "s1", "m1", "r1");
    const state = {
      primary_emotion: "confusion",
      emotional_intensity: 0.7,
      learning_readiness: "moderate" as const,
      cognitive_load: "high" as const,
    };
    await act(async () =>
      socket.deliver(
        script.started(),
        script.fact("emotion_update", { of: "user", emotion_state: state }),
        script.token("One 🌊\n\nTwo"),
        script.fact("provider_switched", {
          from_model: "a/x",
          to_model: "b/y",
          reason: "failed",
          position: 5,
        }),
        script.token(" and more\n\nThree"),
      ),
    );
    const seam = screen.getByTestId("seam");
    expect(seam.textContent).toBe("b/y went on here after a/x failed");
    expect(seam.previousElementSibling?.textContent).toBe("One 🌊");
    const chip = within(screen.getByTestId("question")).getByTestId("emotion-chip");
    expect(chip.textContent).toContain("Estimate: confusion, somewhat ready to learn");
  });

  it("numbers its sources in the text, and opens them beside it", async () => {
    const citations = [
      { title: "The docs", url: "https://example.org/a", snippet: "So it is.", number: 2 },
    ];
    const content = "So it is [2], not [3]; see `[2]`.";
    await mount([stored({ id: "m1", role: "assistant", content, metadata: { citations } })]);
    const mark = screen.getByRole("button", { name: "Source 2: The docs" });
    expect(screen.getByTestId("answer-text").textContent).toBe("So it is 2, not [3]; see [2].");
    await userEvent.setup().click(mark);
    expect(usePage.getState().sources).toEqual({ key: "m1", number: 2 });
  });

  it("marks the seams of a stored answer, and tells what each part took", async () => {
    const part = (model: string, chars: number, cost: number | null) => ({
      model,
      usage: { input_tokens: 10, output_tokens: 2, estimated: cost !== null },
      cost,
      chars,
    });
    const parts = [part("c/w", 0, null), part("a/x", 5, 0.5), part("b/y", 9, null)];
    const metadata = { model: "b/y", parts };
    await mount([stored({ id: "m1", role: "assistant", content: "One 🌊\n\nTwo more", metadata })]);
    const seam = screen.getByTestId("seam");
    expect(seam.textContent).toBe("b/y went on here after a/x failed");
    expect(seam.previousElementSibling?.textContent).toBe("One 🌊");
    await userEvent.setup().click(screen.getByTestId("facts-button"));
    const facts = screen.getByTestId("facts").textContent;
    for (const fact of ["Part of a/x", "about 12 tokens, $0.50", "Part of c/w"]) {
      expect(facts).toContain(fact);
    }
  });

  it("shows a stored answer's steps, thinking time and seams as they were told live", async () => {
    const metadata: Partial<CompletionMetadata> = {
      model: "b/y",
      reasoning_steps: [
        { step_number: 1, type: "exploration", content: "Look around.", confidence: 0.75 },
      ],
      reasoning_time_ms: 65_000,
      seams: [
        {
          type: "provider_switched",
          position: 5,
          from_model: "a/x",
          to_model: "b/y",
          reason: "slow",
        },
        { type: "turn_resumed", position: 16 },
      ],
    };
    const content = "One 🌊\n\nTwo more\n\nEnd";
    const reasoning = "Look around.";
    await mount([stored({ id: "m1", role: "assistant", content, reasoning, metadata })]);
    expect(screen.getAllByTestId("seam").map((seam) => seam.textContent)).toEqual([
      "b/y went on here after a/x failed",
      "Resumed here after an interruption",
    ]);
    expect(screen.getByTitle("a/x: slow")).toBeTruthy();
    await userEvent.setup().click(screen.getByText("Thought for 1 min 5 s"));
    const thinking = screen.getByTestId("thinking").textContent;
    for (const told of ["Exploring", "75 % sure", "Look around."]) expect(thinking).toContain(told);
  });

  it("tells what an answer took to whoever asks", async () => {
    const metadata = {
      model: "openai/gpt-5",
      cost: 0.0123,
      response_time_ms: 2600,
      time_to_first_token_ms: 600,
      usage: { input_tokens: 1200, output_tokens: 400 },
      suggested_questions: ["And then?"],
    };
    const user = userEvent.setup();
    await mount([stored({ id: "m1", role: "assistant", content: "Yes.", metadata })]);
    expect(screen.queryByText("$0.0123")).toBeNull();
    await user.click(screen.getByTestId("facts-button"));
    const facts = screen.getByTestId("facts").textContent;
    for (const fact of ["openai", "gpt-5", "2.6 s", "600 ms", "1,200", "200 tokens/s", "$0.0123"]) {
      expect(facts).toContain(fact);
    }
    await user.keyboard("{Escape}");
    await user.click(screen.getByRole("button", { name: "And then?" }));
    expect(onAsk).toHaveBeenCalledExactlyOnceWith("And then?");
    await user.click(screen.getByRole("button", { name: "Go on from here in a branch" }));
    expect(onBranch).toHaveBeenCalledExactlyOnceWith("m1");
  });

  it("asks a question otherwise, in a branch after what came before it", async () => {
    const user = userEvent.setup();
    await mount([
      stored({ id: "a0", role: "assistant", content: "Hello." }),
      stored({ id: "u1", role: "user", content: "Why?" }),
    ]);
    await user.click(screen.getByTestId("edit-button"));
    const input = screen.getByTestId("edit-input");
    expect(document.activeElement).toBe(input);
    await user.type(input, " Really{Escape}");
    expect(onEdit).not.toHaveBeenCalled();
    await user.click(screen.getByTestId("edit-button"));
    await user.type(screen.getByTestId("edit-input"), " Really?{Enter}");
    expect(onEdit).toHaveBeenCalledExactlyOnceWith("a0", "Why? Really?");
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
