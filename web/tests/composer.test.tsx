import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Composer } from "../src/chat/Composer.tsx";

beforeEach(() => sessionStorage.clear());
afterEach(cleanup);

function mount(over: { busy?: boolean; draftKey?: string } = {}) {
  const onSend = vi.fn();
  const onStop = vi.fn();
  const element = (draftKey: string) => (
    <Composer
      draftKey={draftKey}
      busy={over.busy ?? false}
      reasoning={false}
      canReason
      inputRef={null}
      hint=""
      onReasoning={() => undefined}
      onSend={onSend}
      onStop={onStop}
    />
  );
  const view = render(element(over.draftKey ?? "s1"));
  const input = () => screen.getByTestId<HTMLTextAreaElement>("message-input");
  return {
    onSend,
    onStop,
    input,
    rerender: (draftKey: string) => view.rerender(element(draftKey)),
  };
}

describe("the composer", () => {
  it("sends on Enter and breaks the line on Shift+Enter", async () => {
    const user = userEvent.setup();
    const { onSend, input } = mount();
    await user.type(input(), "one{Shift>}{Enter}{/Shift}two{Enter}");
    expect(onSend).toHaveBeenCalledExactlyOnceWith("one\ntwo");
    expect(input().value).toBe("");
  });

  it("leaves Enter to whoever composes a word", () => {
    const { onSend, input } = mount();
    fireEvent.change(input(), { target: { value: "にほ" } });
    fireEvent.keyDown(input(), { key: "Enter", isComposing: true });
    expect(onSend).not.toHaveBeenCalled();
  });

  it("sends nothing that is empty", async () => {
    const user = userEvent.setup();
    const { onSend, input } = mount();
    await user.type(input(), "   {Enter}");
    expect(onSend).not.toHaveBeenCalled();
    expect(screen.getByTestId<HTMLButtonElement>("send-button").disabled).toBe(true);
  });

  it("stops, and still takes the next message, while an answer is written", async () => {
    const user = userEvent.setup();
    const { onSend, onStop, input } = mount({ busy: true });
    await user.click(screen.getByTestId("stop-button"));
    expect(onStop).toHaveBeenCalledOnce();
    await user.type(input(), "next{Enter}");
    expect(onSend).toHaveBeenCalledExactlyOnceWith("next");
  });

  it("keeps a text per conversation, also over a reload", async () => {
    const user = userEvent.setup();
    const { input, rerender } = mount();
    await user.type(input(), "half a th");
    rerender("s2");
    expect(input().value).toBe("");
    rerender("s1");
    expect(input().value).toBe("half a th");
    cleanup();
    expect(mount().input().value).toBe("half a th");
  });
});
