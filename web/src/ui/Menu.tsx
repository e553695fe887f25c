import * as Dropdown from "@radix-ui/react-dropdown-menu";
import type { ReactNode } from "react";
import { classes } from "./classes.ts";
import styles from "./ui.module.css";

interface MenuProps {
  readonly trigger: ReactNode;
  readonly children: ReactNode;
  readonly align?: "start" | "end";
}

/** A button's menu; keyboard, focus and placing are Radix's. */
export function Menu({ trigger, children, align = "end" }: MenuProps) {
  return (
    <Dropdown.Root modal={false}>
      <Dropdown.Trigger asChild>{trigger}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content
          className={styles["menu"]}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          // An item that opens an editor or a dialog moves the focus there itself.
          onCloseAutoFocus={(event) => event.preventDefault()}
        >
          {children}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

interface MenuItemProps {
  readonly icon: ReactNode;
  readonly children: ReactNode;
  readonly danger?: boolean;
  readonly onSelect: () => void;
}

export function MenuItem({ icon, children, danger, onSelect }: MenuItemProps) {
  return (
    <Dropdown.Item
      className={classes(styles["menuItem"], danger && styles["menuDanger"])}
      onSelect={onSelect}
    >
      {icon}
      {children}
    </Dropdown.Item>
  );
}

interface MenuLinkProps {
  readonly icon: ReactNode;
  readonly children: ReactNode;
  readonly href: string;
}

/** An item that downloads. */
export function MenuLink({ icon, children, href }: MenuLinkProps) {
  return (
    <Dropdown.Item asChild>
      <a className={styles["menuItem"]} href={href} download>
        {icon}
        {children}
      </a>
    </Dropdown.Item>
  );
}

export function MenuSeparator() {
  return <Dropdown.Separator className={styles["menuSeparator"]} />;
}

interface MenuChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { value: T; label: string; icon: ReactNode }[];
  readonly check: ReactNode;
  readonly onChange: (value: T) => void;
}

/** One of several, as a group of the menu. */
export function MenuChoice<T extends string>(props: MenuChoiceProps<T>) {
  const { label, value, options, check, onChange } = props;
  return (
    <Dropdown.RadioGroup value={value} onValueChange={(chosen) => onChange(chosen as T)}>
      <Dropdown.Label className={styles["menuLabel"]}>{label}</Dropdown.Label>
      {options.map((option) => (
        <Dropdown.RadioItem
          key={option.value}
          value={option.value}
          className={styles["menuItem"]}
          // Stays open: a theme is looked at before the next is tried.
          onSelect={(event) => event.preventDefault()}
        >
          {option.icon}
          {option.label}
          <Dropdown.ItemIndicator className={styles["menuCheck"]}>{check}</Dropdown.ItemIndicator>
        </Dropdown.RadioItem>
      ))}
    </Dropdown.RadioGroup>
  );
}
