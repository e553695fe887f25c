import { FileDown } from "lucide-react";
import styles from "./composer.module.css";
import { useDrop } from "./useDrop.ts";

/** Takes documents that are let go anywhere over the page. */
export function DropZone({ onFiles }: { onFiles: (files: File[]) => void }) {
  const over = useDrop(onFiles);
  if (!over) return null;
  return (
    <div className={styles["drop"]} data-testid="drop-zone">
      <div>
        <FileDown size={30} aria-hidden />
        <strong>Drop to ask about it</strong>
        <p>Text and Markdown</p>
      </div>
    </div>
  );
}
