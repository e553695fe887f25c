import { count, rateLine, type Told, time, told } from "./figures.ts";
import { BETWEEN, CONNECTIONS, FIRST, PIECES, RUNNING } from "./names.ts";
import styles from "./ops.module.css";
import { type Snapshot, total } from "./prometheus.ts";

/** The figures to look at first. */
export function Tiles({ history, last }: { history: readonly Snapshot[]; last: Snapshot }) {
  const first = told(history, FIRST);
  const between = told(history, BETWEEN);
  const queued = total(last, "millrace_turns_queued");
  return (
    <section className={styles["tiles"]} aria-label="Now">
      <Tile
        name="Connections"
        value={count(total(last, CONNECTIONS))}
        note={`${count(total(last, "millrace_connections_opened_total"))} since the start`}
      />
      <Tile
        name="Active answers"
        value={count(total(last, RUNNING))}
        note={queued > 0 ? `${count(queued)} waiting` : "none waiting"}
      />
      <Tile
        name="Tokens per second"
        value={count(rateLine(history.slice(-2), PIECES).at(-1))}
        note={`${count(total(last, PIECES))} since the start`}
      />
      <Tile
        name="Time to first token"
        value={time(first.values[0])}
        note={higher(first)}
        of={first.of}
      />
      <Tile
        name="Between tokens"
        value={time(between.values[0])}
        note={higher(between)}
        of={between.of}
      />
    </section>
  );
}

/** The higher percentiles; each stays on its line. */
function higher({ values: [, p95, p99] }: Told): string {
  return [`p95 ${time(p95)}`, `p99 ${time(p99)}`]
    .map((one) => one.replaceAll(" ", "\u00a0"))
    .join(" · ");
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  /** Of which time the value is a median. */
  readonly of?: string;
}

function Tile({ name, value, note, of }: TileProps) {
  return (
    <div className={styles["tile"]}>
      <h2>{name}</h2>
      <p className={styles["value"]}>
        {value} {of && <small>p50</small>}
      </p>
      <p className={styles["note"]}>{note}</p>
      {of && <p className={styles["note"]}>{of}</p>}
    </div>
  );
}
