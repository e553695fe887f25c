import type { Preferences } from "@millrace/client";
import { useChatClient } from "@millrace/react";
import { useCallback, useEffect, useState } from "react";
import { usePage } from "../state/page.ts";

/** The choices that hold on all devices; null until they are known. */
export function usePreferences() {
  const { api } = useChatClient();
  const toast = usePage((page) => page.toast);
  const [preferences, setPreferences] = useState<Preferences | null>(null);
  useEffect(() => {
    let current = true;
    api.preferences().then(
      (known) => current && setPreferences(known),
      // The settings of this device work without them.
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [api]);
  const changeEmotion = useCallback(
    (on: boolean) => {
      // Shown at once, and taken back where the server does not take it.
      setPreferences((before) => before && { ...before, emotion_enabled: on });
      api.changePreferences({ emotion_enabled: on }).then(setPreferences, () => {
        setPreferences((before) => before && { ...before, emotion_enabled: !on });
        toast("The setting could not be kept.", {
          tone: "bad",
          action: { label: "Try again", run: () => changeEmotion(on) },
        });
      });
    },
    [api, toast],
  );
  return { preferences, changeEmotion };
}
