import type { Session } from "@millrace/client";
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { settle, setUp } from "../../clients/client/tests/support.ts";
import { queuedQuestions } from "../src/chat/Queue.tsx";
import { useRate } from "../src/chat/useRate.ts";
import { commandOf } from "../src/chat/useShortcuts.ts";
import { useSearch } from "../src/palette/useSearch.ts";
import { finishDeletions, useDeletions } from "../src/state/deletions.ts";
import { usePage } from "../src/state/page.ts";
import { deferred } from "../src/ui/deferred.tsx";
import { Toaster } from "../src/ui/Toaster.tsx";

beforeEach(() => {
  vi.useFakeTimers();
  usePage.setState(usePage.getInitialState());
});
afterEach(() => {
  vi.useRealTimers();
  cleanup();
});

const SESSION: Session = {
  id: "s1",
  title: "Rivers",
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  message_count: 2,
  pinned: false,
};

describe("a deletion", () => {
  async function mount() {
    const { client, server } = setUp();
    server.sessions.set("s1", { session: SESSION, messages: [], running: [] });
    vi.useRealTimers();
    await client.sessions.refresh();
    vi.useFakeTimers();
    render(<Toaster />);
    act(() => useDeletions.getState().later(client, "s1", "Rivers"));
    const deleted = () => server.requests.includes("DELETE /api/sessions/s1");
    return { client, deleted, shown: () => client.sessions.state.get().sessions.length };
  }

  it("shows at once, and can be taken back", async () => {
    const { deleted, shown } = await mount();
    expect(shown()).toBe(0);
    act(() => screen.getByRole("button", { name: "Undo" }).click());
    expect(shown()).toBe(1);
    await act(() => vi.advanceTimersByTimeAsync(20_000));
    expect(deleted()).toBe(false);
    expect(screen.queryByTestId("toast")).toBeNull();
  });

  it("is done when nobody took it back", async () => {
    const { deleted } = await mount();
    await act(() => vi.advanceTimersByTimeAsync(6_900));
    expect(deleted()).toBe(false);
    await act(() => vi.advanceTimersByTimeAsync(200));
    expect(deleted()).toBe(true);
  });

  it("is done when the page is left", async () => {
    const { deleted } = await mount();
    act(() => useDeletions.getState().leave(null));
    expect(deleted()).toBe(true);
    vi.useRealTimers();
    await act(() => settle());
  });

  it("is made sure of by the next page", async () => {
    const { shown } = await mount();
    sessionStorage.clear();
    act(() => useDeletions.getState().leave(sessionStorage));
    vi.useRealTimers();
    await act(() => settle());
    // The request of the page that was left got lost.
    const next = setUp();
    next.server.sessions.set("s1", { session: SESSION, messages: [], running: [] });
    await finishDeletions(next.client, sessionStorage);
    const [first, second] = next.server.requests;
    expect(first).toBe("DELETE /api/sessions/s1");
    expect(second, "and the list is read behind it").toMatch("GET /api/sessions");
    // It is asked for once, and that it is gone already is no fault.
    await finishDeletions(next.client, sessionStorage);
    expect(next.server.requests.filter((one) => one.startsWith("DELETE"))).toHaveLength(1);
    expect(shown()).toBe(0);
  });
});

describe("a toast", () => {
  it("goes by itself, but not while somebody points at it", async () => {
    render(<Toaster />);
    act(() => void usePage.getState().toast("One", { ms: 1000 }));
    const toast = screen.getByTestId("toast");
    const over = new PointerEvent("pointerover", { bubbles: true });
    act(() => void toast.dispatchEvent(over));
    await act(() => vi.advanceTimersByTimeAsync(5000));
    expect(screen.getByText("One")).toBeTruthy();
    act(() => void toast.dispatchEvent(new PointerEvent("pointerout", { bubbles: true })));
    await act(() => vi.advanceTimersByTimeAsync(1000));
    expect(screen.queryByText("One")).toBeNull();
  });

  it("gives way where there are too many", () => {
    render(<Toaster />);
    act(() => {
      for (const text of ["One", "Two", "Three", "Four"]) usePage.getState().toast(text);
    });
    expect(
      screen.getAllByTestId("toast").map((one) => one.querySelector("p")?.textContent),
    ).toEqual(["Two", "Three", "Four"]);
  });
});

describe("a search", () => {
  function Results({ api, text }: { api: { search: () => Promise<never[]> }; text: string }) {
    return <output>{useSearch(api as never, text).state}</output>;
  }

  it("asks once somebody has stopped typing, and forgets what they no longer look for", async () => {
    const search = vi.fn(() => Promise.resolve([]));
    const api = { search };
    const view = render(<Results api={api} text="t" />);
    expect(screen.getByRole("status").textContent).toBe("idle");
    for (const text of ["ti", "tid", "tide"]) {
      view.rerender(<Results api={api} text={text} />);
      await act(() => vi.advanceTimersByTimeAsync(100));
    }
    expect(search).not.toHaveBeenCalled();
    await act(() => vi.advanceTimersByTimeAsync(200));
    expect(search).toHaveBeenCalledExactlyOnceWith("tide");
    expect(screen.getByRole("status").textContent).toBe("done");
  });
});

describe("the rate", () => {
  function Rate({ pieces }: { pieces: number }) {
    return <output>{useRate(pieces, true)}</output>;
  }

  it("is that of the last seconds", async () => {
    const view = render(<Rate pieces={0} />);
    for (let pieces = 20; pieces <= 200; pieces += 20) {
      view.rerender(<Rate pieces={pieces} />);
      await act(() => vi.advanceTimersByTimeAsync(500));
    }
    expect(screen.getByRole("status").textContent).toBe("40");
    await act(() => vi.advanceTimersByTimeAsync(4000));
    expect(screen.getByRole("status").textContent).toBe("0");
  });
});

describe("what is downloaded late", () => {
  it("stands where its place was kept, and where it cannot be had, something simpler does", async () => {
    vi.useRealTimers();
    const Waiting = () => <p>wait</p>;
    const good = deferred(async () => () => <p>here</p>, Waiting);
    render(<good.Component />);
    expect(screen.getByText("wait")).toBeTruthy();
    await act(() => good.load());
    expect(screen.getByText("here")).toBeTruthy();
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const gone = deferred(
      () => Promise.reject(new Error("404")),
      Waiting,
      () => <p>plain</p>,
    );
    render(<gone.Component />);
    await act(() => gone.load());
    expect(screen.getByText("plain")).toBeTruthy();
    expect(warn).toHaveBeenCalledOnce();
  });
});

describe("keys", () => {
  const names = ["palette", "search", "settings", "shortcuts", "new", "write", "stop"] as const;
  const commands = Object.fromEntries(names.map((name) => [name, () => name])) as never;
  const key = (key: string, over: object = {}) =>
    commandOf(
      {
        key,
        shiftKey: false,
        ctrlKey: false,
        metaKey: false,
        altKey: false,
        target: document.body,
        ...over,
      },
      commands,
    )?.();

  it("do what the list says, and nothing to who writes", () => {
    expect(key("k", { ctrlKey: true })).toBe("palette");
    expect(key("F", { ctrlKey: true, shiftKey: true })).toBe("search");
    expect(key("O", { ctrlKey: true, shiftKey: true })).toBe("new");
    expect(key(",", { ctrlKey: true })).toBe("settings");
    expect(key("Escape")).toBe("stop");
    expect(key("?", { shiftKey: true })).toBe("shortcuts");
    expect(key("/")).toBe("write");
    const target = document.createElement("textarea");
    expect([key("/", { target }), key("?", { target }), key("k")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(key("k", { ctrlKey: true, altKey: true })).toBeUndefined();
  });
});

describe("the queue", () => {
  it("is what waits at the end, in order", () => {
    const pair = (question: string, status: string) => [
      { role: "user", content: question, status: "complete" },
      { role: "assistant", content: "", status },
    ];
    const messages = [...pair("a", "streaming"), ...pair("b", "queued"), ...pair("c", "queued")];
    expect(queuedQuestions(messages as never)).toEqual(["b", "c"]);
    expect(queuedQuestions(pair("a", "streaming") as never)).toEqual([]);
  });
});
