import { useId } from "react";
import styles from "./ui.module.css";

interface SegmentsProps<T extends string> {
  readonly label: string;
  readonly hint?: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
}

/** One of a few, side by side. */
export function Segments<T extends string>(props: SegmentsProps<T>) {
  const { label, hint, value, options, onChange } = props;
  const name = useId();
  return (
    <div className={styles["setting"]}>
      <div>
        <span id={name}>{label}</span>
        {hint && <p>{hint}</p>}
      </div>
      <fieldset className={styles["segments"]} aria-labelledby={name}>
        {options.map((option) => (
          <label key={option.value}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </fieldset>
    </div>
  );
}
