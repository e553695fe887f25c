import { PanelLeft, Share2 } from "lucide-react";
import { memo } from "react";
import { usePage } from "../state/page.ts";
import { IconButton } from "../ui/Button.tsx";
import { ConnectionChip } from "./Connection.tsx";
import styles from "./chat.module.css";

interface HeaderProps {
  readonly title: string;
  /** The session that can be shared: the one that is shown, once something was said in it. */
  readonly shared: string | null;
  readonly onMenu: () => void;
}

/** What is shown, and whether the server hears us. */
export const Header = memo(function Header({ title, shared, onMenu }: HeaderProps) {
  const share = usePage((page) => page.share);
  return (
    <header className={styles["header"]}>
      <IconButton label="Conversations" className={styles["menuButton"]} onClick={onMenu}>
        <PanelLeft size={19} aria-hidden />
      </IconButton>
      <h1 className={styles["title"]}>{title}</h1>
      <ConnectionChip />
      {shared !== null && (
        <IconButton label="Share" data-testid="share-button" onClick={() => share(shared)}>
          <Share2 size={17} aria-hidden />
        </IconButton>
      )}
    </header>
  );
});
