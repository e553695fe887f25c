import { useId } from "react";
import { classes } from "../ui/classes.ts";
import { count } from "./figures.ts";
import styles from "./ops.module.css";

interface CountsProps {
  readonly title: string;
  readonly hint: string;
  readonly rows: readonly (readonly [string, number])[];
  /** What is said where nothing was counted. */
  readonly none: string;
  readonly bad?: boolean;
}

/** How often each of some things happened, the most frequent first, with bars to compare them by. */
export function Counts({ title, hint, rows, none, bad = false }: CountsProps) {
  const id = useId();
  const counted = rows.filter(([, times]) => times > 0).sort(([, one], [, other]) => other - one);
  const most = counted[0]?.[1] ?? 1;
  return (
    <section className={styles["card"]} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p className={styles["hint"]}>{hint}</p>
      {counted.length === 0 ? (
        <p className={styles["none"]}>{none}</p>
      ) : (
        <ul className={classes(styles["counts"], bad && styles["bad"])}>
          {counted.map(([name, times]) => (
            <li key={name}>
              <span>{name}</span>
              <b>{count(times)}</b>
              <i style={{ width: `${(100 * times) / most}%` }} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
