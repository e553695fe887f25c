import type { User } from "@millrace/client";
import { type ReactElement, useEffect } from "react";
import type { Auth } from "../auth/auth.ts";
import { usePage } from "../state/page.ts";
import { deferred } from "../ui/deferred.tsx";

export interface DialogsProps {
  readonly user: User;
  readonly auth: Auth;
  /** The session that is shown. */
  readonly current: string | null;
  readonly onNew: () => void;
}

const nothing = () => null as unknown as ReactElement;
const palette = deferred<DialogsProps & { searching: boolean }>(
  async () => (await import("../palette/CommandPalette.tsx")).CommandPalette,
  nothing,
);
const settings = deferred<DialogsProps>(
  async () => (await import("../settings/SettingsDialog.tsx")).SettingsDialog,
  nothing,
);
const share = deferred<DialogsProps>(
  async () => (await import("../sessions/ShareDialog.tsx")).ShareDialog,
  nothing,
);
const shortcuts = deferred<DialogsProps>(
  async () => (await import("../settings/ShortcutsDialog.tsx")).ShortcutsDialog,
  nothing,
);

/** The dialog that is open, downloaded when it is opened first. */
export function Dialogs(props: DialogsProps) {
  const dialog = usePage((page) => page.dialog);
  useEffect(() => {
    if (dialog === "palette" || dialog === "search") void palette.load();
    if (dialog === "settings") void settings.load();
    if (dialog === "share") void share.load();
    if (dialog === "shortcuts") void shortcuts.load();
  }, [dialog]);
  switch (dialog) {
    case "palette":
    case "search":
      return <palette.Component {...props} searching={dialog === "search"} />;
    case "settings":
      return <settings.Component {...props} />;
    case "share":
      return <share.Component {...props} />;
    case "shortcuts":
      return <shortcuts.Component {...props} />;
    default:
      return null;
  }
}
