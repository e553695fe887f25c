import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import type { FullResult, Reporter, TestCase, TestResult } from "@playwright/test/reporter";
import { type Finding, missed } from "./figures.ts";
import { options } from "./options.ts";

/** The name under which a measure hands its finding over. */
export const ATTACHMENT = "finding";

/** Prints a table, writes the figures as JSON, and fails the run where that is asked for and a limit is missed. */
export default class FigureReporter implements Reporter {
  readonly #findings: Finding[] = [];
  readonly #began = new Date();
  readonly #load = loadavg()[0] ?? 0;

  onTestEnd(test: TestCase, result: TestResult): void {
    const body = result.attachments.find(({ name }) => name === ATTACHMENT)?.body;
    if (body) {
      const finding = JSON.parse(body.toString()) as Finding;
      this.#findings.push(finding);
      print(table(finding, result.duration));
    } else if (result.status !== "skipped") {
      const errors = result.errors.map(({ message, stack }) => stack ?? message ?? "");
      print(`${test.title}: could not be measured\n${errors.join("\n")}\n`);
    }
  }

  async onEnd({ status }: FullResult): Promise<{ status: FullResult["status"] }> {
    const { assert, output } = options();
    const bad = this.#findings.flatMap(({ measure, figures }) =>
      figures.filter(missed).map(({ name }) => `${measure}: ${name}`),
    );
    const seconds = (Date.now() - this.#began.getTime()) / 1000;
    const stamp = this.#began.toISOString().replace(/[:.]/g, "-");
    const path = join(output, `web-${stamp}.json`);
    mkdirSync(output, { recursive: true });
    const machine = { processor: cpus()[0]?.model, cores: cpus().length, load_average: this.#load };
    const written = { began: this.#began, seconds, machine, missed: bad, findings: this.#findings };
    writeFileSync(path, `${JSON.stringify(written, null, 1)}\n`);
    print(bad.length === 0 ? "Every limit is kept." : `Missed:\n  ${bad.join("\n  ")}`);
    print(`${seconds.toFixed(0)} s, load average ${this.#load.toFixed(1)} at the start, ${path}`);
    return { status: status === "passed" && assert && bad.length > 0 ? "failed" : status };
  }

  printsToStdio(): boolean {
    return true;
  }
}

function table({ measure, figures, causes }: Finding, ms: number): string {
  const lines = figures.map((one) => {
    const limit =
      one.limit === null ? "" : `${missed(one) ? "MISSED" : "ok"}, at most ${one.limit}`;
    return `  ${one.name.padEnd(58)} ${String(one.value ?? "?").padStart(10)} ${one.unit.padEnd(8)} ${limit}`;
  });
  const because = causes.map((cause) => `    ${cause}`);
  return [`${measure} (${(ms / 1000).toFixed(0)} s)`, ...lines, ...because, ""].join("\n");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
