import { Brain, ChevronDown } from "lucide-react";
import { type Speed, type ThinkingMode, useChoices } from "../state/choices.ts";
import { Menu, type MenuEntry } from "../ui/Menu.tsx";
import styles from "./composer.module.css";

const MODES = [
  { value: "auto", label: "Auto", hint: "The server decides by the question" },
  { value: "system1", label: "Quick", hint: "Answers at once" },
  { value: "system2", label: "Deep", hint: "Thinks first, and shows how" },
] as const;

const SPEEDS = [
  { value: "fast", label: "Fast", hint: "As it is written" },
  { value: "normal", label: "Normal", hint: "At most 50 pieces a second" },
  { value: "slow", label: "Slow", hint: "At most 20, to read along" },
] as const;

/** How the next answer is thought and shown. */
export function ThinkingControl() {
  const { thinking, speed, realtime, showThinking, set } = useChoices();
  const mode = MODES.find((one) => one.value === thinking) ?? MODES[0];
  const entries: MenuEntry[] = [
    {
      kind: "choice",
      label: "Thinking",
      value: thinking,
      options: MODES,
      onChange: (value) => set({ thinking: value as ThinkingMode }),
    },
    { kind: "separator", id: "speed" },
    {
      kind: "choice",
      label: "Speed",
      value: speed,
      options: SPEEDS,
      onChange: (value) => set({ speed: value as Speed }),
    },
    { kind: "separator", id: "switches" },
    {
      kind: "switch",
      label: "Real-time streaming",
      hint: "Off: an answer appears once it is whole",
      checked: realtime,
      onChange: (on) => set({ realtime: on }),
    },
    {
      kind: "switch",
      label: "Show the thinking",
      checked: showThinking,
      onChange: (on) => set({ showThinking: on }),
    },
  ];
  return (
    <Menu
      align="start"
      entries={entries}
      trigger={
        <button
          type="button"
          className={styles["control"]}
          data-testid="thinking-button"
          data-on={thinking === "system2" || undefined}
          aria-label={`Thinking and speed: ${mode.label}`}
          title="Thinking and speed"
        >
          <Brain size={16} aria-hidden />
          <span>{mode.label}</span>
          <ChevronDown size={14} aria-hidden />
        </button>
      }
    />
  );
}
