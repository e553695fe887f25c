import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldFrame, newTurn, type Turn } from "../src/index.ts";
import { hasGap } from "../src/turn.ts";
import { Script } from "./support.ts";

const PIECES = ["The ", "mill", " ", "grinds", " — ", "🌾", " slowly", "."];

function frames() {
  const script = new Script();
  const all = [script.started(), ...PIECES.map((piece) => script.token(piece))];
  return { script, all: [...all, script.complete()] };
}

function folded(list: ReturnType<typeof frames>["all"], turn = newTurn("t1", "s1", "m1")): Turn {
  return list.reduce(foldFrame, turn);
}

describe("foldFrame", () => {
  it("orders pieces by token_index whatever order they come in", () => {
    const { all } = frames();
    const pieces = all.slice(1, -1);
    fc.assert(
      fc.property(fc.shuffledSubarray(pieces, { minLength: pieces.length }), (shuffled) => {
        const turn = folded([...all.slice(0, 1), ...shuffled]);
        expect(turn.text).toBe(PIECES.join(""));
        expect(hasGap(turn)).toBe(false);
      }),
    );
  });

  it("gives the same text from a resume at any position, also when it overlaps", () => {
    const { all } = frames();
    const last = all.length - 1;
    fc.assert(
      fc.property(fc.nat(last), fc.nat(last), (seen, overlap) => {
        const turn = folded(all.slice(0, seen + 1));
        const from = Math.max(0, turn.lastSeq + 1 - overlap);
        const resumed = folded(all.slice(from), turn);
        expect(resumed.text).toBe(PIECES.join(""));
        expect(resumed.phase).toBe("complete");
      }),
    );
  });

  it("keeps the resume position before a missing piece", () => {
    const { all } = frames();
    const turn = folded([...all.slice(0, 3), ...all.slice(4, 6)]);
    expect(turn.text).toBe("The mill");
    expect(turn.lastSeq).toBe(2);
    expect(hasGap(turn)).toBe(true);
    expect(folded(all.slice(3), turn).text).toBe(PIECES.join(""));
  });

  it("takes a joined frame as the pieces that it joins", () => {
    const { all } = frames();
    const joined = {
      type: "content_token" as const,
      data: {
        ...all[4]?.data,
        turn_id: "t1",
        session_id: "s1",
        message_id: "m1",
        timestamp: "",
        seq: 4,
        token: "mill grinds",
        token_index: 1,
        merged: 3,
        is_final: false,
      },
    };
    const turn = folded([...all.slice(0, 2), joined, ...all.slice(5)]);
    expect(turn.text).toBe(PIECES.join(""));
  });

  it("changes nothing after the end", () => {
    const { all, script } = frames();
    const turn = folded(all);
    expect(foldFrame(turn, script.token("more"))).toBe(turn);
    expect(foldFrame(turn, script.failed())).toBe(turn);
  });
});
