import { useCallback, useState } from "react";

/** A text that is being written, kept over a reload of the tab. */
export function useDraftText(key: string): [string, (text: string) => void] {
  const name = `millrace.text.${key}`;
  const [state, setState] = useState(() => ({ name, text: read(name) }));
  // Another conversation has its own text.
  const current = state.name === name ? state : { name, text: read(name) };
  if (current !== state) setState(current);
  const setText = useCallback(
    (text: string) => {
      setState({ name, text });
      try {
        if (text) sessionStorage.setItem(name, text);
        else sessionStorage.removeItem(name);
      } catch {
        // Without storage the text lasts until the page is closed.
      }
    },
    [name],
  );
  return [current.text, setText];
}

function read(name: string): string {
  try {
    return sessionStorage.getItem(name) ?? "";
  } catch {
    // Forbidden by the browser's settings: there is nothing to read.
    return "";
  }
}
