import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { type Toast, usePage } from "../state/page.ts";
import { Button, IconButton } from "./Button.tsx";
import { classes } from "./classes.ts";
import styles from "./toast.module.css";

/** What the page says in passing. It waits while somebody points at it or is in it. */
export function Toaster() {
  const toasts = usePage((page) => page.toasts);
  return (
    <section className={styles["toasts"]} aria-label="Notices" aria-live="polite">
      {toasts.map((toast) => (
        <ToastView key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function ToastView({ toast }: { toast: Toast }) {
  const dismiss = usePage((page) => page.dismiss);
  const [held, setHeld] = useState(false);
  const { id, ms, text, tone, action } = toast;
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismiss(id), ms);
    return () => clearTimeout(timer);
  }, [held, dismiss, id, ms]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it only makes it wait
    <div
      className={classes(styles["toast"], tone === "bad" && styles["bad"])}
      data-testid="toast"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <p>{text}</p>
      {action && (
        <Button
          onClick={() => {
            dismiss(id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton small label="Dismiss" onClick={() => dismiss(id)}>
        <X size={15} aria-hidden />
      </IconButton>
    </div>
  );
}
