import * as Dropdown from "@radix-ui/react-dropdown-menu";
import { Check } from "lucide-react";
import { useRef } from "react";
import { classes } from "./classes.ts";
import type { MenuEntry, OpenMenuProps } from "./Menu.tsx";
import styles from "./ui.module.css";

/** The menu itself; keyboard, focus and placing are Radix's. */
export function RadixMenu({ trigger, entries, align = "end", open, onOpenChange }: OpenMenuProps) {
  const selected = useRef(false);
  return (
    <Dropdown.Root modal={false} open={open} onOpenChange={onOpenChange}>
      <Dropdown.Trigger asChild>{trigger}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content
          className={styles["menu"]}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            // An item that opens an editor or a dialog moves the focus there itself.
            if (selected.current) event.preventDefault();
            selected.current = false;
          }}
        >
          {entries.map((entry) => (
            <Entry
              key={entry.kind === "separator" ? entry.id : entry.label}
              entry={entry}
              onSelected={() => {
                selected.current = true;
              }}
            />
          ))}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

/** Stays open: a choice is looked at before the next is tried. */
const stay = (event: Event) => event.preventDefault();

function Entry({ entry, onSelected }: { entry: MenuEntry; onSelected: () => void }) {
  switch (entry.kind) {
    case "separator":
      return <Dropdown.Separator className={styles["menuSeparator"]} />;
    case "item":
      return (
        <Dropdown.Item
          className={classes(styles["menuItem"], entry.danger && styles["menuDanger"])}
          onSelect={() => {
            onSelected();
            entry.onSelect();
          }}
        >
          {entry.icon}
          {entry.label}
        </Dropdown.Item>
      );
    case "link":
      return (
        <Dropdown.Item asChild>
          <a className={styles["menuItem"]} href={entry.href} download>
            {entry.icon}
            {entry.label}
          </a>
        </Dropdown.Item>
      );
    case "switch":
      return (
        <Dropdown.CheckboxItem
          className={styles["menuItem"]}
          checked={entry.checked}
          onCheckedChange={entry.onChange}
          onSelect={stay}
        >
          <Words label={entry.label} hint={entry.hint} />
          <Dropdown.ItemIndicator className={styles["menuCheck"]}>
            <Check size={15} aria-hidden />
          </Dropdown.ItemIndicator>
        </Dropdown.CheckboxItem>
      );
    case "choice":
      return (
        <Dropdown.RadioGroup value={entry.value} onValueChange={entry.onChange}>
          <Dropdown.Label className={styles["menuLabel"]}>{entry.label}</Dropdown.Label>
          {entry.options.map((option) => (
            <Dropdown.RadioItem
              key={option.value}
              value={option.value}
              className={styles["menuItem"]}
              onSelect={stay}
            >
              {option.icon}
              <Words label={option.label} hint={option.hint} />
              <Dropdown.ItemIndicator className={styles["menuCheck"]}>
                <Check size={15} aria-hidden />
              </Dropdown.ItemIndicator>
            </Dropdown.RadioItem>
          ))}
        </Dropdown.RadioGroup>
      );
  }
}

function Words({ label, hint }: { label: string; hint: string | undefined }) {
  return (
    <span className={styles["menuWords"]}>
      {label}
      {hint && <small>{hint}</small>}
    </span>
  );
}
