import { ApiError } from "@millrace/client";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Composer } from "../src/chat/Composer.tsx";
import { useAttachments } from "../src/state/attachments.ts";

beforeEach(() => {
  sessionStorage.clear();
  useAttachments.setState({ byDraft: {} });
});
afterEach(cleanup);

function mount(over: { busy?: boolean; paused?: boolean; draftKey?: string } = {}) {
  const onSend = vi.fn();
  const onStop = vi.fn();
  const onPause = vi.fn();
  const onFiles = vi.fn();
  const element = (draftKey: string) => (
    <Composer
      draftKey={draftKey}
      busy={over.busy ?? false}
      paused={over.paused ?? false}
      inputRef={null}
      controls={null}
      hint=""
      onSend={onSend}
      onStop={onStop}
      onPause={onPause}
      onFiles={onFiles}
      onBegin={() => undefined}
    />
  );
  const view = render(element(over.draftKey ?? "s1"));
  const input = () => screen.getByTestId<HTMLTextAreaElement>("message-input");
  return {
    onSend,
    onStop,
    onPause,
    onFiles,
    input,
    rerender: (draftKey: string) => view.rerender(element(draftKey)),
  };
}

describe("the composer", () => {
  it("sends on Enter and breaks the line on Shift+Enter", async () => {
    const user = userEvent.setup();
    const { onSend, input } = mount();
    await user.type(input(), "one{Shift>}{Enter}{/Shift}two{Enter}");
    expect(onSend).toHaveBeenCalledExactlyOnceWith("one\ntwo", []);
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
    expect(onSend).toHaveBeenCalledExactlyOnceWith("next", []);
  });

  it("holds what is being written, and lets it go on", async () => {
    const user = userEvent.setup();
    const { onPause } = mount({ busy: true });
    await user.click(screen.getByRole("button", { name: "Pause" }));
    expect(onPause).toHaveBeenCalledExactlyOnceWith(true);
    cleanup();
    const held = mount({ busy: true, paused: true });
    await user.click(screen.getByRole("button", { name: "Continue" }));
    expect(held.onPause).toHaveBeenCalledExactlyOnceWith(false);
  });

  it("takes pasted files as documents, and leaves pasted text alone", () => {
    const { onFiles, input } = mount();
    const file = new File(["# Bread"], "bread.md");
    fireEvent.paste(input(), { clipboardData: { files: [file] } });
    expect(onFiles).toHaveBeenCalledExactlyOnceWith([file]);
    fireEvent.paste(input(), { clipboardData: { files: [] } });
    expect(onFiles).toHaveBeenCalledOnce();
  });

  it("waits for documents on their way, and names those that arrived", async () => {
    const user = userEvent.setup();
    let done: (id: { id: string }) => void = () => undefined;
    let progress: (share: number) => void = () => undefined;
    const api = {
      uploadDocument: (_: File, options: { onProgress: (share: number) => void }) => {
        progress = options.onProgress;
        return new Promise<{ id: string }>((resolve) => {
          done = resolve;
        });
      },
    };
    const { onSend, input } = mount();
    act(() => useAttachments.getState().add(api as never, "s1", [new File(["x"], "notes.md")]));
    act(() => progress(0.4));
    expect(screen.getByRole("progressbar").getAttribute("value")).toBe("0.4");
    await user.type(input(), "What does it say?{Enter}");
    expect(onSend).not.toHaveBeenCalled();
    await act(async () => done({ id: "d1" }));
    await user.type(input(), "{Enter}");
    expect(onSend).toHaveBeenCalledExactlyOnceWith("What does it say?", ["d1"]);
    await user.click(screen.getByRole("button", { name: "Remove notes.md" }));
    expect(screen.queryByTestId("attachment")).toBeNull();
  });

  it("says why a document was not taken, and does not wait for it", async () => {
    const user = userEvent.setup();
    const refusal = new ApiError("INVALID_REQUEST", "Only text can be added.", { status: 400 });
    const api = { uploadDocument: () => Promise.reject(refusal) };
    const { onSend, input } = mount();
    await act(async () =>
      useAttachments.getState().add(api as never, "s1", [new File(["x"], "a.exe")]),
    );
    expect(screen.getByRole("alert").textContent).toBe("Only text can be added.");
    await user.type(input(), "Go on{Enter}");
    expect(onSend).toHaveBeenCalledExactlyOnceWith("Go on", []);
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
