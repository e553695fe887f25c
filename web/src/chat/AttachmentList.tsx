import { CircleAlert, FileText, LoaderCircle, X } from "lucide-react";
import { type Attachment, useAttachments } from "../state/attachments.ts";
import { classes } from "../ui/classes.ts";
import styles from "./composer.module.css";

interface AttachmentListProps {
  readonly draftKey: string;
  readonly attachments: readonly Attachment[];
}

/** The documents that the next answers come from, and how far they are. */
export function AttachmentList({ draftKey, attachments }: AttachmentListProps) {
  const remove = useAttachments((state) => state.remove);
  if (attachments.length === 0) return null;
  return (
    <ul className={styles["attachments"]} aria-label="Documents for this conversation">
      {attachments.map(({ key, name, id, error, progress }) => (
        <li
          key={key}
          className={classes(error && styles["failed"])}
          data-testid="attachment"
          data-state={error ? "failed" : id ? "ready" : "loading"}
        >
          {error ? (
            <CircleAlert size={16} aria-hidden />
          ) : id ? (
            <FileText size={16} aria-hidden />
          ) : (
            <LoaderCircle size={16} aria-hidden className={styles["spin"]} />
          )}
          <span className={styles["fileName"]} title={error ?? name}>
            {name}
            {error && <small role="alert">{error}</small>}
          </span>
          {!id && !error && (
            <progress value={progress} aria-label={`Uploading ${name}`}>
              {Math.round(progress * 100)} %
            </progress>
          )}
          <button type="button" aria-label={`Remove ${name}`} onClick={() => remove(draftKey, key)}>
            <X size={14} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}
