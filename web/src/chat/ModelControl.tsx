import type { ModelList } from "@millrace/client";
import { ChevronDown } from "lucide-react";
import { useChoices } from "../state/choices.ts";
import { type OpenedProps, opener } from "../ui/opener.tsx";
import { offered } from "./askOptions.ts";
import styles from "./composer.module.css";
import { modelName } from "./modelName.ts";

export interface ModelPickerProps extends OpenedProps {
  readonly models: ModelList;
}

const picker = opener<ModelPickerProps>(
  "dialog",
  async () => (await import("./ModelPicker.tsx")).ModelPicker,
);

export const loadModelPicker = picker.load;

/** Which model answers next. */
export function ModelControl({ models }: { models: ModelList }) {
  const chosen = useChoices((choices) => choices.model);
  const model = offered(chosen, models) ?? models.default;
  return (
    <picker.Component
      models={models}
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
