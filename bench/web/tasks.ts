import type { Page } from "@playwright/test";

/** What the main thread did in one go. */
interface Task {
  readonly began: number;
  readonly ended: number;
  /** Milliseconds on a core: what it took but for the time in which something else had the core. */
  readonly cpu: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: {
    readonly name?: string;
    readonly fileName?: string;
    readonly data?: { readonly functionName?: string; readonly url?: string };
  };
}

export interface Tasks {
  /** Milliseconds on a core of each task, the longest first. */
  readonly cpu: readonly number[];
  /** What the longest ones consist of. */
  readonly causes: readonly string[];
}

const CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline"];

/** Traces the page's tasks. Returns what ends it. */
export async function tasks(page: Page): Promise<() => Promise<Tasks>> {
  const browser = page.context().browser();
  if (!browser) throw new Error("The page belongs to no browser");
  await browser.startTracing(page, { categories: CATEGORIES });
  return async () => {
    const trace = JSON.parse((await browser.stopTracing()).toString()) as {
      traceEvents: TraceEvent[];
    };
    return read(trace.traceEvents);
  };
}

function read(events: readonly TraceEvent[]): Tasks {
  const mains = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const own = events.filter(({ ph, pid, tid }) => ph === "X" && mains.has(`${pid} ${tid}`));
  const longest = own
    .filter(({ name }) => name === "RunTask")
    .map((event): Task => {
      const { ts: began, dur = 0, tdur = 0 } = event;
      return { began, ended: began + dur, cpu: tdur / 1000 };
    })
    .sort((a, b) => b.cpu - a.cpu);
  const causes = longest
    .slice(0, 3)
    .map((task) => `a task of ${task.cpu.toFixed(0)} ms on a core: ${parts(task, own)}`);
  return { cpu: longest.map(({ cpu }) => cpu), causes };
}

/** The events within a task with the most time, each with what is in it. */
function parts({ began, ended }: Task, events: readonly TraceEvent[]): string {
  const sums = new Map<string, number>();
  for (const { name, ts, dur = 0, tdur = 0, args } of events) {
    if (name === "RunTask" || ts < began || ts + dur > ended) continue;
    const { functionName = "", url = args.fileName ?? "" } = args.data ?? {};
    const label = [name, functionName, url.split("/").at(-1)].filter(Boolean).join(" ");
    sums.set(label, (sums.get(label) ?? 0) + tdur / 1000);
  }
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 7)
    .map(([name, ms]) => `${name} ${ms.toFixed(0)}`)
    .join(", ");
}
