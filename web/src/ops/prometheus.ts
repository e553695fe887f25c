/** What the server counts at one moment: values by name, and by the labels they carry. */
export interface Snapshot {
  /** When it was taken, in Unix milliseconds. */
  readonly at: number;
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Reads Prometheus' text format (0.0.4). What is no sample is left out. */
export function parse(text: string, at: number): Snapshot {
  const samples = new Map<string, Sample[]>();
  for (const line of text.split("\n")) {
    const [, name, labels = "", number = ""] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    const sample = { labels: labelsOf(labels), value: numberOf(number) };
    const known = samples.get(name);
    if (known) known.push(sample);
    else samples.set(name, [sample]);
  }
  return { at, samples };
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = "", value = ""] of text.matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
  }
  return labels;
}

function numberOf(text: string): number {
  return text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
}

/** The sum of a metric over all its labels; 0 where it is not told. */
export function total(snapshot: Snapshot | undefined, name: string): number {
  return (snapshot?.samples.get(name) ?? []).reduce((sum, { value }) => sum + value, 0);
}

/** A metric by some of its labels. */
export function byLabel(snapshot: Snapshot, name: string, ...labels: string[]): [string, number][] {
  return (snapshot.samples.get(name) ?? []).map((sample) => [
    labels.map((label) => sample.labels[label] ?? "").join(": "),
    sample.value,
  ]);
}
