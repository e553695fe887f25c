import { SHORTCUTS } from "../chat/useShortcuts.ts";
import { usePage } from "../state/page.ts";
import { Dialog } from "../ui/Dialog.tsx";
import styles from "./settings.module.css";

export function ShortcutsDialog() {
  const show = usePage((page) => page.show);
  return (
    <Dialog title="Keyboard shortcuts" onClose={() => show(null)}>
      <dl className={styles["shortcuts"]}>
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={does}>
            <dt>{does}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
