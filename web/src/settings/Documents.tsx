import { ApiError, type DocumentInfo } from "@millrace/client";
import { useChatClient } from "@millrace/react";
import { FileText, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { usePage } from "../state/page.ts";
import { IconButton } from "../ui/Button.tsx";
import styles from "./settings.module.css";

/** The person's own texts that answers may come from. */
export function Documents() {
  const { api } = useChatClient();
  const toast = usePage((page) => page.toast);
  const [documents, setDocuments] = useState<readonly DocumentInfo[]>([]);
  useEffect(() => {
    let current = true;
    api.documents().then(
      (list) => current && setDocuments(list.documents.filter((one) => !one.shared)),
      // The rest of the settings works without the list.
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [api]);
  if (documents.length === 0) return null;
  const remove = async (document: DocumentInfo) => {
    try {
      await api.deleteDocument(document.id);
      setDocuments((list) => list.filter((one) => one.id !== document.id));
    } catch (cause) {
      const text = cause instanceof ApiError ? cause.message : "It could not be removed.";
      const action = { label: "Try again", run: () => void remove(document) };
      toast(text, { tone: "bad", action });
    }
  };
  return (
    <section className={styles["group"]} aria-labelledby="settings-documents">
      <h3 id="settings-documents">Your documents</h3>
      <ul className={styles["documents"]}>
        {documents.map((document) => (
          <li key={document.id}>
            <FileText size={16} aria-hidden />
            <span>
              {document.title}
              <small>{document.characters.toLocaleString("en")} characters</small>
            </span>
            <IconButton
              small
              label={`Remove ${document.title}`}
              onClick={() => void remove(document)}
            >
              <Trash2 size={15} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
    </section>
  );
}
