import { type RefObject, useEffect, useRef } from "react";
import { usePage } from "../state/page.ts";

interface ShortcutTargets {
  readonly busy: boolean;
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly onNew: () => void;
  readonly onStop: () => void;
}

export const IS_MAC = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");
/** The key that goes with a letter. */
export const MOD = IS_MAC ? "⌘" : "Ctrl";

/** What can be done by keys alone, as the list of shortcuts shows it. */
export const SHORTCUTS: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: [MOD, "K"], does: "Commands and conversations" },
  { keys: [MOD, "Shift", "F"], does: "Search all messages" },
  { keys: [MOD, "Shift", "O"], does: "New conversation" },
  { keys: [MOD, ","], does: "Settings" },
  { keys: ["/"], does: "Write a message" },
  { keys: ["Enter"], does: "Send" },
  { keys: ["Shift", "Enter"], does: "New line" },
  { keys: ["Esc"], does: "Stop the answer" },
  { keys: ["?"], does: "This list" },
];

/** The page's own keys. None is taken from who writes, and none while a dialog is open. */
export function useShortcuts(targets: ShortcutTargets): void {
  const latest = useRef(targets);
  latest.current = targets;
  const show = usePage((page) => page.show);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const { busy, input, onNew, onStop } = latest.current;
      const run = commandOf(event, {
        palette: () => show("palette"),
        search: () => show("search"),
        settings: () => show("settings"),
        shortcuts: () => show("shortcuts"),
        new: onNew,
        write: () => input.current?.focus(),
        stop: busy && !isOverlaid() ? onStop : null,
      });
      if (!run) return;
      event.preventDefault();
      run();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [show]);
}

type Command = "palette" | "search" | "settings" | "shortcuts" | "new" | "write" | "stop";

/** What a key asks for; null where it is nothing of ours. */
export function commandOf(
  event: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey" | "target">,
  commands: Record<Command, (() => void) | null>,
): (() => void) | null {
  const mod = IS_MAC ? event.metaKey : event.ctrlKey;
  const key = event.key.toLowerCase();
  if (event.altKey) return null;
  if (mod) {
    if (key === "k" && !event.shiftKey) return commands.palette;
    if (key === "f" && event.shiftKey) return commands.search;
    if (key === "o" && event.shiftKey) return commands.new;
    return key === "," ? commands.settings : null;
  }
  if (key === "escape") return commands.stop;
  if (isWriting(event.target)) return null;
  if (key === "/") return commands.write;
  return key === "?" ? commands.shortcuts : null;
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]")
  );
}

/** Whether something lies over the page that Escape is to close first. */
function isOverlaid(): boolean {
  return document.querySelector("dialog[open], [role=dialog], [role=menu]") !== null;
}
