import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  count,
  duration,
  percentileLines,
  quantile,
  rateLine,
  time,
  told,
} from "../src/ops/figures.ts";
import { byLabel, parse, total } from "../src/ops/prometheus.ts";
import { extended } from "../src/ops/useMetrics.ts";

const TEXT = `# HELP millrace_errors_total Failed answers
# TYPE millrace_errors_total counter
millrace_errors_total{code="RATE_LIMIT"} 2.0
millrace_errors_total{code="a\\"b\\\\c\\nd"} 3.0
millrace_fallbacks_total{provider="openai",reason="down"} 1.0
millrace_start_time_seconds 1.7e+09
h_bucket{le="+Inf"} 4.0
`;

/** A histogram `h` with these counts up to 0.1, 0.5, 1 and without end; a counter `c`. */
function snapshot(at: number, counts: readonly number[], c = 0, start = 1) {
  const bounds = ["0.1", "0.5", "1", "+Inf"];
  const lines = counts.map((value, index) => `h_bucket{le="${bounds[index]}"} ${value}`);
  lines.push(`h_count ${counts.at(-1)}`, `c ${c}`, `millrace_start_time_seconds ${start}`);
  return parse(lines.join("\n"), at);
}

describe("Prometheus' text", () => {
  it("is read with its labels", () => {
    const read = parse(TEXT, 5);
    expect(read.at).toBe(5);
    expect(total(read, "millrace_errors_total")).toBe(5);
    expect(total(read, "millrace_start_time_seconds")).toBe(1.7e9);
    expect(total(read, "nothing")).toBe(0);
    expect(byLabel(read, "millrace_errors_total", "code")).toEqual([
      ["RATE_LIMIT", 2],
      ['a"b\\c\nd', 3],
    ]);
    expect(byLabel(read, "millrace_fallbacks_total", "provider", "reason")).toEqual([
      ["openai: down", 1],
    ]);
  });

  it("is read whatever it is", () => {
    fc.assert(fc.property(fc.string(), (text) => void parse(text, 0)));
  });
});

describe("a quantile", () => {
  it("lies within its bucket, evenly spread", () => {
    const now = snapshot(0, [0, 10, 10, 10]);
    expect(quantile(undefined, now, "h", 0.5)).toBeCloseTo(0.3);
    expect(quantile(undefined, now, "h", 0.99)).toBeCloseTo(0.496);
    expect(quantile(undefined, snapshot(0, [0, 0, 0, 0]), "h", 0.5)).toBeNull();
    expect(quantile(undefined, snapshot(0, [0, 0, 0, 3]), "h", 0.5)).toBe(1);
  });

  it("is of what came since, and grows with its share", () => {
    const before = snapshot(0, [100, 100, 100, 100]);
    const after = snapshot(1000, [100, 100, 110, 110]);
    expect(quantile(before, after, "h", 0.5)).toBeCloseTo(0.75);
    const counts = fc.array(fc.nat(50), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(counts, (steps) => {
        let sum = 0;
        const now = snapshot(
          0,
          steps.map((step) => (sum += step)),
        );
        const [low, high] = [
          quantile(undefined, now, "h", 0.5),
          quantile(undefined, now, "h", 0.95),
        ];
        expect(low === null).toBe(sum === 0);
        if (low !== null && high !== null) expect(low).toBeLessThanOrEqual(high);
      }),
    );
  });
});

describe("what is drawn and told", () => {
  const history = [
    snapshot(0, [0, 4, 4, 4], 10),
    snapshot(2000, [0, 4, 4, 4], 30),
    snapshot(4000, [0, 4, 6, 6], 30),
  ];

  it("follows the counters", () => {
    expect(rateLine(history, "c")).toEqual([null, 10, 0]);
    expect(percentileLines(history, "h")[0]).toEqual([null, null, 750]);
  });

  it("says of which time it is", () => {
    expect(told(history, "h")).toMatchObject({
      of: "last minute",
      values: [750, expect.any(Number), expect.any(Number)],
    });
    expect(told(history.slice(0, 2), "h").of).toBe("since the start");
    expect(told([], "h").values).toEqual([null, null, null]);
  });

  it("begins anew with another process", () => {
    const restarted = snapshot(6000, [0, 0, 0, 0], 0, 2);
    expect(extended(history, restarted)).toEqual([restarted]);
    expect(extended(history.slice(0, 2), history[2] as (typeof history)[number])).toHaveLength(3);
    expect(extended(history, snapshot(16 * 60_000, [0, 4, 6, 6], 30))).toHaveLength(1);
  });

  it("reads well", () => {
    expect([time(null), time(0), time(3.21), time(250.4), time(1234), time(61_000)]).toEqual([
      "–",
      "0",
      "3.2 ms",
      "250 ms",
      "1.23 s",
      "61.0 s",
    ]);
    expect([duration(5), duration(600), duration(7260), duration(3 * 86_400)]).toEqual([
      "less than a minute",
      "10 min",
      "2 h 1 min",
      "3 days",
    ]);
    expect([count(undefined), count(1234.4)]).toEqual(["–", "1,234"]);
  });
});
