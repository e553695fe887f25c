import type { ModelList } from "@millrace/client";
import { ChevronDown } from "lucide-react";
import { cloneElement, type ReactElement, useState } from "react";
import { useChoices } from "../state/choices.ts";
import { deferred } from "../ui/deferred.tsx";
import type { TriggerProps } from "../ui/Menu.tsx";
import { offered } from "./askOptions.ts";
import styles from "./composer.module.css";
import { modelName } from "./modelName.ts";

export interface ModelPickerProps {
  readonly models: ModelList;
  readonly trigger: ReactElement<TriggerProps>;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

const picker = deferred<ModelPickerProps>(
  async () => (await import("./ModelPicker.tsx")).ModelPicker,
  ({ trigger, onOpenChange }) =>
    cloneElement(trigger, {
      "aria-haspopup": "dialog",
      "aria-expanded": false,
      onPointerEnter: () => void picker.load(),
      onClick: () => {
        onOpenChange(true);
        void picker.load();
      },
    }),
);

/** Which model answers next. */
export function ModelControl({ models }: { models: ModelList }) {
  const chosen = useChoices((choices) => choices.model);
  const [open, setOpen] = useState(false);
  const model = offered(chosen, models) ?? models.default;
  return (
    <picker.Component
      models={models}
      open={open}
      onOpenChange={setOpen}
      trigger={
        <button
          type="button"
          className={styles["control"]}
          data-testid="model-button"
          aria-label={`Model: ${model}`}
          title={model}
        >
          <span>{modelName(model)}</span>
          <ChevronDown size={14} aria-hidden />
        </button>
      }
    />
  );
}
