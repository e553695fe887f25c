/** One measured figure, and what it must not exceed. */
export interface Figure {
  readonly name: string;
  /** Null where it could not be measured. */
  readonly value: number | null;
  readonly unit: string;
  /** The highest value that is good enough; null for what is only told. */
  readonly limit: number | null;
}

/** What one measure found. */
export interface Found {
  readonly figures: readonly Figure[];
  /** What took the time, most of it first; for whoever looks for a cause. */
  readonly causes: readonly string[];
}

export interface Finding extends Found {
  readonly measure: string;
}

export function figure(
  name: string,
  value: number,
  unit: string,
  limit: number | null = null,
): Figure {
  const rounded = Number.isFinite(value) ? Math.round(value * 100) / 100 : null;
  return { name, value: rounded, unit, limit };
}

/** The value below which a share of the values lies, by nearest rank; NaN where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** A figure that could not be measured has missed its limit. */
export function missed({ value, limit }: Figure): boolean {
  return limit !== null && (value === null || value > limit);
}
