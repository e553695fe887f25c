import type { ChatMessage } from "@millrace/client";
import { useChatClient } from "@millrace/react";
import { Check, ChevronLeft, ChevronRight, Copy, GitBranch, RefreshCw } from "lucide-react";
import { usePage } from "../state/page.ts";
import { IconButton } from "../ui/Button.tsx";
import { useCopy } from "../ui/useCopy.ts";
import { Facts } from "./Facts.tsx";
import styles from "./message.module.css";

interface AnswerActionsProps {
  readonly message: ChatMessage;
  readonly conversationKey: string;
  /** Whether a new version can be asked for now. */
  readonly canRegenerate: boolean;
  readonly onRegenerate: () => void;
  readonly onBranch: () => void;
}

export function AnswerActions(props: AnswerActionsProps) {
  const { message, conversationKey, canRegenerate, onRegenerate, onBranch } = props;
  const client = useChatClient();
  const toast = usePage((page) => page.toast);
  const [copied, copy] = useCopy();
  const choose = (number: number) => {
    client.selectVersion(conversationKey, message.id ?? "", number).catch(() => {
      const action = { label: "Try again", run: () => choose(number) };
      toast("The other version could not be shown.", { tone: "bad", action });
    });
  };
  return (
    <div className={styles["actions"]}>
      {message.versionCount > 1 && (
        <VersionPager
          version={message.version}
          count={message.versionCount}
          disabled={!canRegenerate}
          onVersion={choose}
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
      <IconButton small label="Go on from here in a branch" onClick={onBranch}>
        <GitBranch size={16} aria-hidden />
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
