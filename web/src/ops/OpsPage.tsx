import { useEffect } from "react";
import { Link } from "wouter";
import splash from "../app.module.css";
import { classes } from "../ui/classes.ts";
import { Logo } from "../ui/Logo.tsx";
import { Chart } from "./Chart.tsx";
import { Counts } from "./Counts.tsx";
import { count, duration, gaugeLine, percentileLines, rateLine, time } from "./figures.ts";
import { BETWEEN, CONNECTIONS, FIRST, PIECES, RUNNING } from "./names.ts";
import styles from "./ops.module.css";
import type { OpsPageProps } from "./opsView.tsx";
import { byLabel, type Snapshot, total } from "./prometheus.ts";
import { Tiles } from "./Tiles.tsx";
import { useMetrics } from "./useMetrics.ts";

const TONES = ["first", "second", "third"] as const;
const NAMES = ["p50", "p95", "p99"];
const ACTIONS: Record<string, string> = {
  send: "Sent a question",
  regenerate: "Asked for another answer",
  stop: "Stopped an answer",
  reconnect: "Came back to an answer",
};
const OUTCOMES: Record<string, string> = {
  completed: "Completed",
  cancelled: "Stopped",
  failed: "Failed",
};

/** What the server does, live, for those who run it. */
export function OpsPage({ api }: OpsPageProps) {
  const { history, failure } = useMetrics(api);
  const last = history.at(-1);
  useEffect(() => {
    document.title = "Operations · Millrace";
  }, []);
  if (!last) {
    if (!failure) return <output className={splash["splash"]}>Loading…</output>;
    return (
      <main className={splash["splash"]}>
        <Logo size={40} />
        <h1>{failure.code === "UNAUTHORIZED" ? "For operators" : "No figures yet"}</h1>
        <p>{failure.message}</p>
        <Link href="/chat">To the chat</Link>
      </main>
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <main className={styles["page"]} tabIndex={0}>
      <Head last={last} lost={failure !== null} />
      <Tiles history={history} last={last} />
      <Charts history={history} />
      <Breakdown last={last} />
    </main>
  );
}

function Head({ last, lost }: { last: Snapshot; lost: boolean }) {
  const workers = total(last, "millrace_workers");
  const up = last.at / 1000 - total(last, "millrace_start_time_seconds");
  const version = last.samples.get("millrace_info")?.[0]?.labels["version"];
  const open = byLabel(last, "millrace_breaker_open", "provider").filter(([, value]) => value > 0);
  return (
    <header className={styles["head"]}>
      <Logo size={30} />
      <div>
        <h1>Operations</h1>
        <p>
          Millrace {version}, up {duration(up)}
          {workers > 1 && ` · one of ${workers} processes: the figures are its own`}
        </p>
      </div>
      <output className={classes(styles["live"], lost && styles["lost"])} data-testid="ops-live">
        {lost ? "No answer, trying again" : "Live"}
      </output>
      <Link href="/chat">To the chat</Link>
      {open.length > 0 && (
        <p className={styles["alarm"]} role="alert">
          Passed over after too many failures: {open.map(([provider]) => provider).join(", ")}
        </p>
      )}
    </header>
  );
}

function Charts({ history }: { history: readonly Snapshot[] }) {
  const times = history.map(({ at }) => at);
  const percentiles = (name: string) =>
    percentileLines(history, name).map((values, index) => ({
      label: NAMES[index] ?? "",
      tone: TONES[index] ?? "first",
      values,
    }));
  return (
    <div className={styles["grid"]}>
      <Chart
        title="Answers and connections"
        hint="At each moment"
        times={times}
        lines={[
          { label: "Active answers", tone: "first", values: gaugeLine(history, RUNNING) },
          { label: "Connections", tone: "second", values: gaugeLine(history, CONNECTIONS) },
        ]}
        show={count}
      />
      <Chart
        title="Tokens per second"
        hint="Pieces of text as providers send them, of all answers"
        times={times}
        lines={[{ label: "Tokens per second", tone: "first", values: rateLine(history, PIECES) }]}
        show={count}
      />
      <Chart
        title="Time to first token"
        hint="From an answer’s start to its first text, of the minute before"
        times={times}
        lines={percentiles(FIRST)}
        show={time}
      />
      <Chart
        title="Time between tokens"
        hint="Of answers that ended in the minute before"
        times={times}
        lines={percentiles(BETWEEN)}
        show={time}
      />
    </div>
  );
}

function Breakdown({ last }: { last: Snapshot }) {
  return (
    <div className={classes(styles["grid"], styles["four"])}>
      <Counts
        title="Errors by code"
        hint="Failed answers and refused requests, since the start"
        rows={byLabel(last, "millrace_errors_total", "code")}
        none="No errors."
        bad
      />
      <Counts
        title="What users do"
        hint="Since the start"
        rows={named(byLabel(last, "millrace_actions_total", "action"), ACTIONS)}
        none="Nothing so far."
      />
      <Counts
        title="Ended answers"
        hint="Since the start"
        rows={named(byLabel(last, "millrace_turns_total", "outcome"), OUTCOMES)}
        none="None so far."
      />
      <Counts
        title="Fallbacks"
        hint="The provider that another one went on for, and why; since the start"
        rows={[
          ...byLabel(last, "millrace_fallbacks_total", "provider", "reason"),
          ["Resumed after a dead process", total(last, "millrace_resumptions_total")],
        ]}
        none="None."
      />
    </div>
  );
}

function named(rows: [string, number][], names: Record<string, string>): [string, number][] {
  return rows.map(([name, times]) => [names[name] ?? name, times]);
}
