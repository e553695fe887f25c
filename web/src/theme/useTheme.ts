import { Store } from "@millrace/client";
import { useReadable } from "@millrace/react";

export type Theme = "system" | "light" | "dark";

const KEY = "millrace.theme";

// The choice lives on the document (set before the first paint by theme.js); this only mirrors it.
const chosen = new Store<Theme>(read());

function read(): Theme {
  const theme = globalThis.document?.documentElement.dataset["theme"];
  return theme === "light" || theme === "dark" ? theme : "system";
}

function choose(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
  chosen.set(theme);
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  return [useReadable(chosen), choose];
}
