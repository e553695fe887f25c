import type { ConnectionStatus, Session } from "@millrace/client";
import { describe, expect, it } from "vitest";
import { nextAnnouncement } from "../src/chat/announce.ts";
import { connectionText } from "../src/chat/connectionText.ts";
import { factsOf } from "../src/chat/Facts.tsx";
import { groupByAge } from "../src/sessions/titles.ts";

describe("what a screen reader hears", () => {
  it("is whole sentences, each once, without markup", () => {
    const first = nextAnnouncement("## Tides\nThe **moon** pulls. The sun", 0, false);
    expect(first.say).toBe("Tides The moon pulls.");
    const second = nextAnnouncement(
      "## Tides\nThe **moon** pulls. The sun helps",
      first.spoken,
      false,
    );
    expect(second.say).toBe("");
    const last = nextAnnouncement(
      "## Tides\nThe **moon** pulls. The sun helps",
      second.spoken,
      true,
    );
    expect(last.say).toBe("The sun helps");
  });
});

describe("what is said about the connection", () => {
  const status: ConnectionStatus = {
    state: "reconnecting",
    transport: null,
    attempt: 2,
    retryAt: 10_000,
    error: null,
    online: true,
  };

  it("counts down, and tells a lost server from a lost network", () => {
    expect(connectionText(status, 6_500)).toMatchObject({ label: "Reconnecting", tone: "wait" });
    expect(connectionText(status, 6_500).detail).toContain("Trying again in 4 s.");
    expect(connectionText({ ...status, retryAt: null }, 0).detail).toContain("Trying again now.");
    expect(connectionText({ ...status, online: false }, 0)).toMatchObject({ label: "Offline" });
  });

  it("says nothing more where all is well, and what is in use where that is less", () => {
    const connected = { ...status, state: "connected" } as const;
    const label = (transport: ConnectionStatus["transport"]) => {
      const { detail, label: said } = connectionText({ ...connected, transport }, 0);
      expect(detail).toBeNull();
      return said;
    };
    expect(label("websocket")).toBe("Connected");
    expect(label("sse")).toContain("event stream");
    expect(label("batch")).toContain("whole answers");
  });
});

describe("sessions", () => {
  const session = (id: string, updated: Date): Session => ({
    id,
    title: id,
    created_at: updated.toISOString(),
    updated_at: updated.toISOString(),
    message_count: 1,
    pinned: false,
  });

  it("are grouped by the calendar of who looks", () => {
    const now = new Date(2026, 4, 10, 0, 30);
    const groups = groupByAge(
      [
        session("now", new Date(2026, 4, 10, 0, 10)),
        session("late", new Date(2026, 4, 9, 23, 50)),
        session("week", new Date(2026, 4, 5)),
        session("month", new Date(2026, 3, 20)),
        session("old", new Date(2025, 0, 1)),
      ],
      now,
    );
    expect(groups.map((group) => [group.label, group.sessions.map((one) => one.id)])).toEqual([
      ["Today", ["now"]],
      ["Yesterday", ["late"]],
      ["Last 7 days", ["week"]],
      ["Last 30 days", ["month"]],
      ["Older", ["old"]],
    ]);
  });
});

describe("what is known of an answer", () => {
  it("is told in words, with numbers that can be read", () => {
    const usage = { input_tokens: 1_234_567, output_tokens: 950, estimated: true };
    const facts = Object.fromEntries(
      factsOf("openai/gpt", { usage, cost: 0.00001, response_time_ms: 1500 }, 0.7),
    );
    expect(facts).toEqual({
      Provider: "openai",
      Model: "gpt",
      Time: "1.5 s",
      Speed: "633 tokens/s",
      Read: "about 1,234,567 tokens",
      Written: "about 950 tokens",
      Cost: "less than $0.0001",
      "Aims at": "experts (estimate: 0.70 of 1)",
    });
  });
});
