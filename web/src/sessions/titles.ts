import type { Session } from "@millrace/client";

/** A session's title, or what to say while it has none. */
export function titleOf(title: string | null | undefined): string {
  return title?.trim() || "Untitled conversation";
}

export interface SessionGroup {
  readonly label: string;
  readonly sessions: readonly Session[];
}

const PINNED = "Pinned";
const DAY_MS = 86_400_000;

/** Sessions by how long ago they were last used, in the calendar of who looks; first what is pinned. Newest first. */
export function groupByAge(sessions: readonly Session[], now: Date): SessionGroup[] {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const groups = new Map<string, Session[]>([[PINNED, []]]);
  for (const session of sessions) {
    const label = session.pinned
      ? PINNED
      : labelOf(new Date(session.updated_at).getTime(), midnight);
    const group = groups.get(label);
    if (group) group.push(session);
    else groups.set(label, [session]);
  }
  return [...groups]
    .filter(([, members]) => members.length > 0)
    .map(([label, members]) => ({ label, sessions: members }));
}

function labelOf(updated: number, midnight: number): string {
  if (updated >= midnight) return "Today";
  if (updated >= midnight - DAY_MS) return "Yesterday";
  if (updated >= midnight - 7 * DAY_MS) return "Last 7 days";
  if (updated >= midnight - 30 * DAY_MS) return "Last 30 days";
  return "Older";
}
