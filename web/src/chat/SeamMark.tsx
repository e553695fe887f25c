import type { Seam } from "@millrace/client";
import { Waves } from "lucide-react";
import styles from "./message.module.css";

/** Where somebody else went on with the answer. The text has no break; this only says so. */
export function SeamMark({ seam }: { seam: Seam }) {
  return (
    <p className={styles["seam"]} data-testid="seam">
      <Waves size={14} aria-hidden />
      <span
        title={seam.kind === "switched" && seam.reason ? `${seam.from}: ${seam.reason}` : undefined}
      >
        {wordsOf(seam)}
      </span>
    </p>
  );
}

function wordsOf(seam: Seam): string {
  if (seam.kind === "resumed") return "Resumed here after an interruption";
  return `${seam.to} went on here after ${seam.from} failed`;
}
