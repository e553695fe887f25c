import { ApiError, type NewShare, type Share } from "@millrace/client";
import { useChatClient } from "@millrace/react";
import { Check, Copy, Link2, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { usePage } from "../state/page.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { useCopy } from "../ui/useCopy.ts";
import styles from "./share.module.css";

/** A link, with its address where it was made just now: the server keeps none. */
type ShownShare = Share & Partial<Pick<NewShare, "path">>;

/** Lets others read a conversation by a link, and takes that back. */
export function ShareDialog() {
  const sessionId = usePage((page) => page.sharing) ?? "";
  const show = usePage((page) => page.show);
  const { shares, error, revoked, busy, create, revoke } = useShares(sessionId);
  return (
    <Dialog title="Share by link" wide onClose={() => show(null)}>
      <p className={styles["about"]}>
        Everybody who has the link can read this conversation, and what is added to it later,
        without signing in. They see what was said and the sources that answers cite; not your name,
        the thinking, or any estimate of how you fare.
      </p>
      <Button look="primary" disabled={busy} onClick={create} data-testid="create-share">
        <Link2 size={16} aria-hidden />
        Create a link
      </Button>
      {error && (
        <p className={styles["error"]} role="alert">
          {error}
        </p>
      )}
      {/* Always there: only what changes in it is read out. */}
      <output className={styles["revoked"]}>
        {revoked && "The link is revoked: it leads nowhere now."}
      </output>
      {shares.length > 0 && (
        <ul className={styles["links"]} aria-label="Links to this conversation">
          {shares.map((share) => (
            <ShareRow key={share.id} share={share} onRevoke={() => revoke(share.id)} />
          ))}
        </ul>
      )}
    </Dialog>
  );
}

function ShareRow({ share, onRevoke }: { share: ShownShare; onRevoke: () => void }) {
  const { api } = useChatClient();
  const [copied, copy] = useCopy();
  const address = share.path === undefined ? null : api.baseUrl + share.path;
  const made = new Date(share.created_at).toLocaleString(undefined, {
    dateStyle: "medium",
    timeStyle: "short",
  });
  return (
    <li data-testid="share-link">
      {address === null ? (
        <span className={styles["known"]}>
          Link made on {made}
          <small>Its address was shown when it was made. Lost it? Create another one.</small>
        </span>
      ) : (
        <>
          <input
            readOnly
            value={address}
            aria-label={`Link made on ${made}`}
            data-testid="share-address"
            onFocus={(event) => event.target.select()}
          />
          <Button onClick={() => copy(address)} autoFocus>
            {copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
            {copied ? "Copied" : "Copy"}
          </Button>
        </>
      )}
      <IconButton label={`Revoke the link made on ${made}`} onClick={onRevoke}>
        <Trash2 size={16} aria-hidden />
      </IconButton>
    </li>
  );
}

function useShares(sessionId: string) {
  const { api } = useChatClient();
  const [shares, setShares] = useState<readonly ShownShare[]>([]);
  const [error, setError] = useState<string | null>(null);
  const [revoked, setRevoked] = useState(false);
  const [busy, setBusy] = useState(false);
  const attempt = useRef(async (work: () => Promise<void>) => {
    setError(null);
    setRevoked(false);
    setBusy(true);
    try {
      await work();
    } catch (cause) {
      setError(cause instanceof ApiError ? cause.message : "That did not work. Try again.");
    }
    setBusy(false);
  }).current;
  useEffect(() => {
    let current = true;
    void attempt(async () => {
      const list = await api.shares(sessionId);
      if (current) setShares(list);
    });
    return () => {
      current = false;
    };
  }, [api, attempt, sessionId]);
  const create = () =>
    void attempt(async () => {
      const made = await api.createShare(sessionId);
      setShares((list) => [made, ...list]);
    });
  const revoke = (id: string) =>
    void attempt(async () => {
      await api.revokeShare(sessionId, id);
      setShares((list) => list.filter((share) => share.id !== id));
      setRevoked(true);
    });
  return { shares, error, revoked, busy, create, revoke };
}
