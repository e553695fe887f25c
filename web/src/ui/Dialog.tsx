import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { IconButton } from "./Button.tsx";
import { classes } from "./classes.ts";
import styles from "./ui.module.css";

interface DialogProps {
  readonly title: string;
  readonly wide?: boolean;
  readonly children: ReactNode;
  readonly onClose: () => void;
}

/** Something that is looked at before the page goes on. The browser keeps the focus inside and gives it back. */
export function Dialog({ title, wide = false, children, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={classes(styles["dialog"], wide && styles["wide"])}
      aria-labelledby={titleId}
      onClose={onClose}
      onClick={(event) => {
        // Beside it is the backdrop, which belongs to the dialog.
        if (event.target === dialog.current) dialog.current?.close();
      }}
      onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}
    >
      <div className={styles["dialogBody"]}>
        <header className={styles["dialogHead"]}>
          <h2 id={titleId}>{title}</h2>
          <IconButton small label="Close" onClick={() => dialog.current?.close()}>
            <X size={17} aria-hidden />
          </IconButton>
        </header>
        {children}
      </div>
    </dialog>
  );
}
