import { create } from "zustand";
import { createJSONStorage, persist } from "zustand/middleware";

/** `system1` answers at once, `system2` thinks first, `auto` lets the server choose. */
export type ThinkingMode = "auto" | "system1" | "system2";
export type Speed = "slow" | "normal" | "fast";

/** What a person has chosen on this device. */
export interface Choices {
  /** `provider/model`; null for the server's default. */
  readonly model: string | null;
  readonly thinking: ThinkingMode;
  /** Whether the way to an answer is shown, where the model tells it. */
  readonly showThinking: boolean;
  readonly speed: Speed;
  /** Whether an answer is shown while it is written, or once it is whole. */
  readonly realtime: boolean;
  readonly set: (change: Partial<Omit<Choices, "set">>) => void;
}

/** Outlives the tab, where the browser lets it; else it lasts as long as the page. */
export const useChoices = create<Choices>()(
  persist(
    (set) => ({
      model: null,
      thinking: "auto",
      showThinking: true,
      speed: "fast",
      realtime: true,
      set,
    }),
    { name: "millrace.choices", version: 1, storage: createJSONStorage(() => localStorage) },
  ),
);
