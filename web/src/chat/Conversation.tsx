import type { ChatMessage } from "@millrace/client";
import { useChatClient } from "@millrace/react";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { usePage } from "../state/page.ts";
import { MessageRow } from "./MessageRow.tsx";
import styles from "./message.module.css";

export interface ConversationProps {
  /** The conversation's key on the client. */
  readonly conversationKey: string;
  readonly messages: readonly ChatMessage[];
  readonly busy: boolean;
  readonly hasOlder: boolean;
  /** What scrolls. */
  readonly scroller: RefObject<HTMLElement | null>;
  /** Somebody is led to a message, away from the end. */
  readonly onLeave: () => void;
  readonly onAsk: (question: string) => void;
  /** Asks otherwise in a branch that has what was said up to `after`; in a new conversation where that is null. */
  readonly onEdit: (after: string | null, question: string) => void;
  /** Goes on from a message in a conversation of its own. */
  readonly onBranch: (messageId: string) => void;
}

/** So many of the newest messages stay in the page wherever the reader is: short conversations are whole. */
const KEPT = 24;
/** But beyond the least no more than hold so many characters: long ones would fill the memory. */
const KEPT_CHARS = 60_000;
const LEAST_KEPT = 6;
/** How high a message is thought to be until it is seen, in pixels. */
const GUESS_PX = 180;
/** How far beyond the edges messages are ready, in pixels. */
const AHEAD_PX = 1200;
/** How near to the beginning of what is here the older messages are fetched, in pixels. */
const OLDER_PX = 1500;
/** The space above the first message, in pixels; as the style sheet has it. */
const MARGIN_PX = 16;

/** The messages of a conversation; of a long one, those near the reader. */
export function Conversation(props: ConversationProps) {
  const { conversationKey, messages, busy, hasOlder, scroller, onAsk, onEdit, onBranch } = props;
  const list = useRef<VirtualizerHandle>(null);
  const shift = usePrepended(messages);
  const older = useOlder(conversationKey, hasOlder);
  const marked = useTarget(props, older, list);

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again after each change of what is there
  const nearBegin = useCallback(() => {
    if ((scroller.current?.scrollTop ?? OLDER_PX) < OLDER_PX) older();
  }, [older, scroller, messages.length]);
  const last = messages.length - 1;
  const kept = newest(messages);

  return (
    <div className={styles["list"]}>
      {hasOlder && <p className={styles["older"]}>Earlier messages are on their way…</p>}
      <Virtualizer
        ref={list}
        data={messages}
        scrollRef={scroller}
        shift={shift}
        itemSize={GUESS_PX}
        bufferSize={AHEAD_PX}
        startMargin={MARGIN_PX}
        keepMounted={kept}
        onScroll={nearBegin}
      >
        {(message, index) => (
          <div key={message.key} className={styles["row"]}>
            <MessageRow
              message={message}
              conversationKey={conversationKey}
              busy={busy}
              last={index === last}
              marked={message.id !== null && message.id === marked}
              previous={messages[index - 1]?.id ?? null}
              editable={index > 0 ? messages[index - 1]?.id != null : !hasOlder}
              onAsk={onAsk}
              onEdit={onEdit}
              onBranch={onBranch}
            />
          </div>
        )}
      </Virtualizer>
    </div>
  );
}

/** The places of the messages that stay in the page wherever the reader is. */
function newest(messages: readonly ChatMessage[]): number[] {
  const kept: number[] = [];
  let chars = 0;
  for (let index = messages.length - 1; index >= 0 && kept.length < KEPT; index--) {
    chars += messages[index]?.content.length ?? 0;
    if (chars > KEPT_CHARS && kept.length >= LEAST_KEPT) break;
    kept.push(index);
  }
  return kept.reverse();
}

/** Whether this rendering brings messages before those that were there. */
function usePrepended(messages: readonly ChatMessage[]): boolean {
  const first = useRef(messages[0]?.key);
  const before = first.current;
  const now = messages[0]?.key;
  useLayoutEffect(() => {
    first.current = now;
  });
  return before !== undefined && now !== before && messages.some((one) => one.key === before);
}

function useOlder(conversationKey: string, hasOlder: boolean): () => void {
  const client = useChatClient();
  const toast = usePage((page) => page.toast);
  return useCallback(() => {
    if (!hasOlder) return;
    client.loadOlder(conversationKey).catch(() => {
      const run = () => void client.loadOlder(conversationKey).catch(() => undefined);
      toast("Earlier messages could not be loaded.", {
        tone: "bad",
        action: { label: "Try again", run },
      });
    });
  }, [client, conversationKey, hasOlder, toast]);
}

const MARKED_MS = 2500;

/** Goes to the message that was asked for, fetching what lies before it; returns its id for a moment. */
function useTarget(
  { conversationKey, messages, hasOlder, onLeave }: ConversationProps,
  older: () => void,
  list: RefObject<VirtualizerHandle | null>,
): string | null {
  const target = usePage((page) => page.target);
  const goTo = usePage((page) => page.goTo);
  const [marked, setMarked] = useState<string | null>(null);
  const wanted = target?.sessionId === conversationKey ? target.messageId : null;
  const index = wanted === null ? -1 : messages.findIndex((message) => message.id === wanted);

  useEffect(() => {
    if (wanted === null || messages.length === 0) return;
    if (index < 0) {
      if (hasOlder) older();
      else goTo(null);
      return;
    }
    // After the page has gone to the end of the conversation, as it does on opening one.
    const frame = requestAnimationFrame(() => {
      onLeave();
      list.current?.scrollToIndex(index, { align: "center" });
      setMarked(wanted);
      goTo(null);
    });
    return () => cancelAnimationFrame(frame);
  }, [wanted, index, messages.length, hasOlder, older, goTo, onLeave, list]);
  useEffect(() => {
    if (marked === null) return;
    const timer = setTimeout(() => setMarked(null), MARKED_MS);
    return () => clearTimeout(timer);
  }, [marked]);
  return marked;
}
