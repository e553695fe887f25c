import type { ReactElement, ReactNode } from "react";
import { type OpenedProps, opener, type TriggerProps } from "./opener.tsx";

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

export type OpenMenuProps = MenuProps & OpenedProps;

const menu = opener<OpenMenuProps>("menu", async () => (await import("./RadixMenu.tsx")).RadixMenu);

/** A button's menu. */
export const Menu: (props: MenuProps) => ReactNode = menu.Component;

export const loadMenu = menu.load;
