import { type Api, ApiError } from "@millrace/client";
import { useEffect, useState } from "react";
import { parse, type Snapshot, total } from "./prometheus.ts";

/** How often the server is asked. */
const EVERY_MS = 2000;
/** As far back as is drawn. */
const KEPT_MS = 15 * 60_000;
const START = "millrace_start_time_seconds";

export interface Watched {
  /** Oldest first; all of one process. */
  readonly history: readonly Snapshot[];
  /** Why the last question was not answered. */
  readonly failure: ApiError | null;
}

/** What the server counts, asked again and again while somebody looks. */
export function useMetrics(api: Api): Watched {
  const [watched, setWatched] = useState<Watched>({ history: [], failure: null });
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    const ask = async () => {
      clearTimeout(timer);
      if (document.hidden || asking) return;
      asking = true;
      const next = await asked(api);
      asking = false;
      if (over) return;
      setWatched(next);
      timer = setTimeout(() => void ask(), EVERY_MS);
    };
    const onVisible = () => void ask();
    document.addEventListener("visibilitychange", onVisible);
    void ask();
    return () => {
      over = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [api]);
  return watched;
}

/** Asks once; how that changes what was known. */
async function asked(api: Api): Promise<(before: Watched) => Watched> {
  try {
    const snapshot = parse(await api.metrics(), Date.now());
    return ({ history }) => ({ history: extended(history, snapshot), failure: null });
  } catch (cause) {
    const failure = cause instanceof ApiError ? cause : ApiError.unreachable(cause);
    return ({ history }) => ({ history, failure });
  }
}

/** One process counts for itself, from its start: another one's figures begin anew. */
export function extended(history: readonly Snapshot[], snapshot: Snapshot): readonly Snapshot[] {
  if (total(history.at(-1), START) !== total(snapshot, START)) return [snapshot];
  return [...history.filter(({ at }) => at > snapshot.at - KEPT_MS), snapshot];
}
