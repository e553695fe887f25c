/** What `run.js` was told. */
export interface Options {
  /** Whether a missed limit fails the run. */
  readonly assert: boolean;
  /** Small sizes: for noticing that something broke. */
  readonly quick: boolean;
  /** Whether a CPU profile is written beside the results for each measure. */
  readonly profile: boolean;
  /** The folder for the results. */
  readonly output: string;
}

export function options(): Options {
  return JSON.parse(process.env["BENCH_WEB"] ?? "{}") as Options;
}
