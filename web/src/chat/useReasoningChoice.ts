import { useCallback, useState } from "react";

const KEY = "millrace.reasoning";

/** Whether questions ask for the model's reasoning; remembered on this device. */
export function useReasoningChoice(): [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(() => {
    try {
      return localStorage.getItem(KEY) === "on";
    } catch {
      // Forbidden by the browser's settings.
      return false;
    }
  });
  const choose = useCallback((next: boolean) => {
    setOn(next);
    try {
      if (next) localStorage.setItem(KEY, "on");
      else localStorage.removeItem(KEY);
    } catch {
      // Without storage the choice lasts until the page is closed.
    }
  }, []);
  return [on, choose];
}
