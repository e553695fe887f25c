import { useChatClient } from "@millrace/react";
import { LogOut } from "lucide-react";
import type { DialogsProps } from "../chat/Dialogs.tsx";
import { type Speed, type ThinkingMode, useChoices } from "../state/choices.ts";
import { usePage } from "../state/page.ts";
import { type Theme, useTheme } from "../theme/useTheme.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Segments } from "../ui/Segments.tsx";
import { Switch } from "../ui/Switch.tsx";
import { Documents } from "./Documents.tsx";
import styles from "./settings.module.css";
import { usePreferences } from "./usePreferences.ts";

const THEMES = [
  { value: "system", label: "System" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const satisfies readonly { value: Theme; label: string }[];

const MODES = [
  { value: "auto", label: "Auto" },
  { value: "system1", label: "Quick" },
  { value: "system2", label: "Deep" },
] as const satisfies readonly { value: ThinkingMode; label: string }[];

const SPEEDS = [
  { value: "slow", label: "Slow" },
  { value: "normal", label: "Normal" },
  { value: "fast", label: "Fast" },
] as const satisfies readonly { value: Speed; label: string }[];

export function SettingsDialog({ user, auth }: DialogsProps) {
  const client = useChatClient();
  const show = usePage((page) => page.show);
  const toast = usePage((page) => page.toast);
  const [theme, setTheme] = useTheme();
  const { thinking, speed, realtime, showThinking, set } = useChoices();
  const { preferences, changeEmotion } = usePreferences();
  const signOut = async () => {
    try {
      await auth.signOut();
      show(null);
      client.reset();
    } catch {
      toast("You are still signed in: the server did not answer.", { tone: "bad" });
    }
  };
  return (
    <Dialog title="Settings" wide onClose={() => show(null)}>
      <section className={styles["group"]} aria-labelledby="settings-look">
        <h3 id="settings-look">Appearance</h3>
        <Segments label="Theme" value={theme} options={THEMES} onChange={setTheme} />
      </section>
      <section className={styles["group"]} aria-labelledby="settings-answers">
        <h3 id="settings-answers">Answers</h3>
        <Switch
          label="Real-time streaming"
          hint="Shows an answer while it is written. Off: once it is whole."
          checked={realtime}
          onChange={(on) => set({ realtime: on })}
        />
        <Segments
          label="Speed"
          hint="How fast text appears; it is written as fast as the model can."
          value={speed}
          options={SPEEDS}
          onChange={(value) => set({ speed: value })}
        />
        <Segments
          label="Thinking"
          hint="Quick answers at once, Deep thinks first."
          value={thinking}
          options={MODES}
          onChange={(value) => set({ thinking: value })}
        />
        <Switch
          label="Show the thinking"
          hint="How an answer came about, where the model tells."
          checked={showThinking}
          onChange={(on) => set({ showThinking: on })}
        />
      </section>
      {preferences?.emotion_available && (
        <section className={styles["group"]} aria-labelledby="settings-estimates">
          <h3 id="settings-estimates">Estimates</h3>
          <Switch
            label="Estimate how I fare"
            hint="Guesses from your words how you feel and how much you can take in, and answers accordingly. Off: nothing is computed or stored."
            checked={preferences.emotion_enabled}
            onChange={changeEmotion}
          />
        </section>
      )}
      <Documents />
      {user.kind !== "guest" && (
        <section className={styles["account"]} aria-label="Account">
          <span>Signed in as {user.name}</span>
          <Button onClick={() => void signOut()}>
            <LogOut size={16} aria-hidden />
            Sign out
          </Button>
        </section>
      )}
    </Dialog>
  );
}
