import { type Snapshot, total } from "./prometheus.ts";

/** Over how long percentiles are drawn, in milliseconds. */
const DRAWN_MS = 60_000;
/** Over how long figures are told, in milliseconds. */
const TOLD_MS = 300_000;
const QUANTILES = [0.5, 0.95, 0.99] as const;

/** The snapshot from which on a time is looked at: the last one that is at least `ms` old, else the first one. */
function since(history: readonly Snapshot[], index: number, ms: number): Snapshot | undefined {
  const until = (history[index]?.at ?? 0) - ms;
  let from = index;
  while (from > 0 && (history[from]?.at ?? 0) > until) from--;
  return history[from];
}

/**
 * A quantile of what a histogram has counted between two snapshots (from the start where there is no first one), in its
 * unit; null where that is nothing.
 *
 * Within a bucket values are taken to be spread evenly, as Prometheus' own `histogram_quantile` takes them.
 */
export function quantile(
  before: Snapshot | undefined,
  after: Snapshot,
  name: string,
  q: number,
): number | null {
  const old = new Map(bucketsOf(before, name));
  const buckets = bucketsOf(after, name).map(
    ([bound, count]) => [bound, count - (old.get(bound) ?? 0)] as const,
  );
  const all = buckets.at(-1)?.[1] ?? 0;
  if (all <= 0) return null;
  const rank = q * all;
  let [low, below] = [0, 0];
  for (const [bound, count] of buckets) {
    if (count >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return low;
      return low + (bound - low) * (count > below ? (rank - below) / (count - below) : 1);
    }
    [low, below] = [bound, count];
  }
  return low;
}

function bucketsOf(snapshot: Snapshot | undefined, name: string): [number, number][] {
  return (snapshot?.samples.get(`${name}_bucket`) ?? [])
    .map(({ labels, value }): [number, number] => {
      const bound = labels["le"] ?? "";
      return [bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound), value];
    })
    .sort(([one], [other]) => one - other);
}

export interface Told {
  /** p50, p95, p99 in milliseconds. */
  readonly values: readonly (number | null)[];
  /** Of which time they are. */
  readonly of: string;
}

/** The percentiles of the last minutes; of all the time since the start where nothing happened lately. */
export function told(history: readonly Snapshot[], name: string): Told {
  const last = history.at(-1);
  if (!last) return { values: [null, null, null], of: "" };
  const first = since(history, history.length - 1, TOLD_MS);
  const lately = total(last, `${name}_count`) > total(first, `${name}_count`);
  const minutes = Math.max(1, Math.round((last.at - (first?.at ?? last.at)) / 60_000));
  const from = lately ? first : undefined;
  return {
    values: QUANTILES.map((q) => milliseconds(quantile(from, last, name, q))),
    of: lately ? `last ${minutes === 1 ? "minute" : `${minutes} minutes`}` : "since the start",
  };
}

/** Each percentile of a histogram over time: of the minute before each snapshot. */
export function percentileLines(history: readonly Snapshot[], name: string): (number | null)[][] {
  return QUANTILES.map((q) =>
    history.map((after, index) => {
      const before = since(history, index, DRAWN_MS);
      return before === after ? null : milliseconds(quantile(before, after, name, q));
    }),
  );
}

/** How much a counter grows in a second, over time. */
export function rateLine(history: readonly Snapshot[], name: string): (number | null)[] {
  return history.map((after, index) => {
    const before = history[index - 1];
    const seconds = (after.at - (before?.at ?? after.at)) / 1000;
    return seconds > 0 ? Math.max(0, total(after, name) - total(before, name)) / seconds : null;
  });
}

/** What is told at each moment. */
export function gaugeLine(history: readonly Snapshot[], name: string): number[] {
  return history.map((snapshot) => total(snapshot, name));
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}

/** A number for people. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : Math.round(value).toLocaleString("en");
}

/** A time for people. */
export function time(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  if (ms === 0) return "0";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** How long the server has been running. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
