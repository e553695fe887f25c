import type { ChatMessage } from "@millrace/client";
import { Check, ChevronLeft, ChevronRight, Copy, RefreshCw } from "lucide-react";
import { IconButton } from "../ui/Button.tsx";
import { useCopy } from "../ui/useCopy.ts";
import styles from "./message.module.css";

interface MessageActionsProps {
  readonly message: ChatMessage;
  /** Whether a new version can be asked for now. */
  readonly canRegenerate: boolean;
  readonly onRegenerate: () => void;
  readonly onVersion: (number: number) => void;
}

export function MessageActions(props: MessageActionsProps) {
  const { message, canRegenerate, onRegenerate, onVersion } = props;
  const [copied, copy] = useCopy();
  return (
    <div className={styles["actions"]}>
      {message.versionCount > 1 && (
        <VersionPager
          version={message.version}
          count={message.versionCount}
          disabled={!canRegenerate}
          onVersion={onVersion}
        />
      )}
      {message.content && (
        <IconButton
          small
          label={copied ? "Copied" : "Copy answer"}
          onClick={() => copy(message.content)}
        >
          {copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
        </IconButton>
      )}
      <IconButton small label="Answer again" disabled={!canRegenerate} onClick={onRegenerate}>
        <RefreshCw size={16} aria-hidden />
      </IconButton>
      <Facts message={message} />
    </div>
  );
}

interface VersionPagerProps {
  readonly version: number;
  readonly count: number;
  readonly disabled: boolean;
  readonly onVersion: (number: number) => void;
}

function VersionPager({ version, count, disabled, onVersion }: VersionPagerProps) {
  return (
    <fieldset className={styles["pager"]}>
      <legend className="visually-hidden">Versions of this answer</legend>
      <IconButton
        small
        label="Previous version"
        disabled={disabled || version <= 1}
        onClick={() => onVersion(version - 1)}
      >
        <ChevronLeft size={16} aria-hidden />
      </IconButton>
      <span>
        {version} / {count}
      </span>
      <IconButton
        small
        label="Next version"
        disabled={disabled || version >= count}
        onClick={() => onVersion(version + 1)}
      >
        <ChevronRight size={16} aria-hidden />
      </IconButton>
    </fieldset>
  );
}

/** Which model answered, and how long it took; tokens and cost on demand. */
function Facts({ message }: { message: ChatMessage }) {
  const { metadata } = message;
  if (!metadata?.model) return null;
  const ms = metadata.response_time_ms ?? 0;
  const seconds = ms >= 100 ? `${(ms / 1000).toFixed(1)} s` : null;
  const details = [
    metadata.tokens_used ? `${metadata.tokens_used} tokens` : null,
    metadata.cost ? `$${metadata.cost.toFixed(4)}` : null,
  ].filter(Boolean);
  return (
    <span className={styles["facts"]} title={details.join(" · ")}>
      {[metadata.model, seconds].filter(Boolean).join(" · ")}
    </span>
  );
}
