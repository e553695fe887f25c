import { type Api, ApiError, type SearchResult } from "@millrace/client";
import { useEffect, useState } from "react";

/** How long a text must stand still before it is looked for. */
const STILL_MS = 180;
const SHORTEST = 2;

interface Found {
  readonly state: "idle" | "searching" | "done" | "failed";
  readonly results: readonly SearchResult[];
  readonly message: string;
}

const NOTHING: Found = { state: "idle", results: [], message: "" };

/** What all messages say of a text, shortly after it was typed. */
export function useSearch(api: Pick<Api, "search">, text: string): Found {
  const [found, setFound] = useState(NOTHING);
  const query = text.trim();
  useEffect(() => {
    if (query.length < SHORTEST) {
      setFound(NOTHING);
      return;
    }
    let current = true;
    setFound((before) => ({ ...before, state: "searching" }));
    const timer = setTimeout(() => {
      api.search(query).then(
        (results) => current && setFound({ state: "done", results, message: "" }),
        (cause: unknown) => {
          const message =
            cause instanceof ApiError ? cause.message : "The search failed. Try again.";
          if (current) setFound({ state: "failed", results: [], message });
        },
      );
    }, STILL_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [api, query]);
  return found;
}
