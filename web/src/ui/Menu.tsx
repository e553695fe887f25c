import { cloneElement, type ReactElement, type ReactNode, useState } from "react";
import { deferred } from "./deferred.tsx";

/** One entry of a menu. */
export type MenuEntry =
  | {
      readonly kind: "item";
      readonly label: string;
      readonly icon?: ReactNode;
      readonly danger?: boolean;
      readonly onSelect: () => void;
    }
  /** An item that downloads. */
  | {
      readonly kind: "link";
      readonly label: string;
      readonly icon?: ReactNode;
      readonly href: string;
    }
  | { readonly kind: "separator"; readonly id: string }
  | {
      readonly kind: "choice";
      readonly label: string;
      readonly value: string;
      readonly options: readonly {
        readonly value: string;
        readonly label: string;
        readonly hint?: string;
        readonly icon?: ReactNode;
      }[];
      readonly onChange: (value: string) => void;
    }
  | {
      readonly kind: "switch";
      readonly label: string;
      readonly hint?: string;
      readonly checked: boolean;
      readonly onChange: (checked: boolean) => void;
    };

export interface MenuProps {
  /** A button; it is told to open the menu. */
  readonly trigger: ReactElement<TriggerProps>;
  readonly entries: readonly MenuEntry[];
  readonly align?: "start" | "end";
}

/** What is set on a button that opens something. */
export interface TriggerProps {
  readonly onClick?: () => void;
  readonly onPointerEnter?: () => void;
  readonly "aria-haspopup"?: "menu" | "dialog";
  readonly "aria-expanded"?: boolean;
}

export interface OpenMenuProps extends MenuProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

const menu = deferred<OpenMenuProps>(
  async () => (await import("./RadixMenu.tsx")).RadixMenu,
  ({ trigger, onOpenChange }) =>
    cloneElement(trigger, {
      "aria-haspopup": "menu",
      "aria-expanded": false,
      onPointerEnter: () => void menu.load(),
      onClick: () => {
        onOpenChange(true);
        void menu.load();
      },
    }),
);

/** A button's menu. What opens it is there at once; the menu is downloaded when the first one is opened. */
export function Menu(props: MenuProps) {
  const [open, setOpen] = useState(false);
  return <menu.Component {...props} open={open} onOpenChange={setOpen} />;
}
