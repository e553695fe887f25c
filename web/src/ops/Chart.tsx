import { useEffect, useId, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { classes } from "../ui/classes.ts";
import styles from "./ops.module.css";

/** How a line looks; told apart by more than its color. */
export interface Line {
  readonly label: string;
  readonly tone: "first" | "second" | "third";
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  readonly hint: string;
  /** Unix milliseconds. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  /** A value for people. */
  readonly show: (value: number | null | undefined) => string;
}

const TONES = {
  first: { color: "--accent", dash: [] },
  second: { color: "--warn", dash: [7, 4] },
  third: { color: "--danger", dash: [2, 3] },
} as const;
const HEIGHT_PX = 190;
/** A chart that has just begun shows so many seconds, for its line to have where to go. */
const LEAST_S = 60;

/** How far the lines behind the values may be apart: never so little that two of them are called the same. */
const STEPS = [1, 2, 5].flatMap((step) =>
  Array.from({ length: 8 }, (_, power) => step * 10 ** power),
);
STEPS.sort((one, other) => one - other);

/** Some lines over time, with what they are at now in words. */
export function Chart({ title, hint, times, lines, show }: ChartProps) {
  const titleId = useId();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const tones = lines.map((line) => line.tone).join(" ");
  const data = useRef<uPlot.AlignedData>([[]]);
  data.current = [times.map((at) => at / 1000), ...lines.map((line) => [...line.values])];

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const draw = () => {
      plot.current?.destroy();
      const options = optionsOf(element, tones.split(" ") as Line["tone"][], show);
      plot.current = new uPlot(options, data.current, element);
    };
    draw();
    const size = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    size.observe(element);
    // The colors are the theme's, which a canvas does not follow by itself.
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    return () => {
      size.disconnect();
      theme.disconnect();
      system.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [tones, show]);
  useEffect(() => plot.current?.setData(data.current));

  return (
    <section className={styles["card"]} aria-labelledby={titleId}>
      <h2 id={titleId}>{title}</h2>
      <p className={styles["hint"]}>{hint}</p>
      <dl className={styles["legend"]}>
        {lines.map((line) => (
          <div key={line.label}>
            <dt>
              <i className={classes(styles["key"], styles[line.tone])} />
              {line.label}
            </dt>
            <dd>{show(line.values.at(-1))}</dd>
          </div>
        ))}
      </dl>
      {/* What is drawn stands in the list above, for whoever does not see it. */}
      <div ref={box} className={styles["plot"]} aria-hidden="true" />
    </section>
  );
}

function optionsOf(
  element: HTMLElement,
  tones: readonly Line["tone"][],
  show: ChartProps["show"],
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color("--text-faint"),
    font: "12px Inter Variable, system-ui, sans-serif",
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 4, 0, 0],
    scales: {
      x: {
        range: ({ data: [at] }) => [at[0] ?? 0, Math.max(at.at(-1) ?? 0, (at[0] ?? 0) + LEAST_S)],
      },
      y: { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.15)] },
    },
    axes: [
      { ...axis, size: 28, grid: { show: false }, space: 90, values: (_, at) => at.map(clock) },
      { ...axis, size: 54, space: 42, incrs: STEPS, values: (_, values) => values.map(show) },
    ],
    series: [
      {},
      ...tones.map(
        (tone): uPlot.Series => ({
          stroke: color(TONES[tone].color),
          width: 2,
          dash: [...TONES[tone].dash],
          // A line of one point is none.
          points: { size: 5, show: ({ data }) => data[0].length < 3 },
          ...(tones.length === 1 ? { fill: color("--accent-soft") } : {}),
        }),
      ),
    ],
  };
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}
