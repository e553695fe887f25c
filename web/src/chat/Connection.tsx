import { useConnection } from "@millrace/react";
import { WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "../ui/Button.tsx";
import { classes } from "../ui/classes.ts";
import styles from "./connection.module.css";
import { connectionText } from "./connectionText.ts";

/** Counts the seconds, only while there is something to count down to. */
function useNow(active: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}

export function ConnectionChip() {
  const status = useConnection();
  const { label, hint, tone } = connectionText(status, Date.now());
  return (
    <output
      title={hint}
      className={classes(styles["chip"], styles[tone])}
      data-testid="connection-state"
      data-state={status.state}
      data-transport={status.transport}
    >
      <span className={styles["dot"]} aria-hidden="true" />
      <span className={styles["label"]}>{label}</span>
    </output>
  );
}

export function ConnectionBanner({ onReconnect }: { onReconnect: () => void }) {
  const status = useConnection();
  const now = useNow(status.retryAt !== null);
  const { detail } = connectionText(status, now);
  if (detail === null) return null;
  return (
    <div className={styles["banner"]} data-testid="connection-banner">
      <WifiOff size={18} aria-hidden />
      <p>{detail}</p>
      <Button onClick={onReconnect}>Try now</Button>
    </div>
  );
}
