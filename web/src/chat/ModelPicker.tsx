import type { ModelList } from "@millrace/client";
import * as Popover from "@radix-ui/react-popover";
import { Command } from "cmdk";
import { Check } from "lucide-react";
import styles from "../palette/palette.module.css";
import { useChoices } from "../state/choices.ts";
import { useNextFrame } from "../ui/useNextFrame.ts";
import { offered } from "./askOptions.ts";
import type { ModelPickerProps } from "./ModelControl.tsx";
import { modelName } from "./modelName.ts";

const CAPABILITIES: Record<string, string> = {
  reasoning: "thinks",
  vision: "sees",
  tools: "uses tools",
};

/** All models, to search and choose from. */
export function ModelPicker({ models, trigger, open, onOpenChange }: ModelPickerProps) {
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles["picker"]}
          side="top"
          align="start"
          sideOffset={8}
          collisionPadding={10}
          aria-label="Choose a model"
          data-testid="model-picker"
        >
          <Models models={models} onChosen={() => onOpenChange(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface ModelsProps {
  readonly models: ModelList;
  readonly onChosen: () => void;
}

/** The field is there at once, the list a frame later. */
function Models({ models, onChosen }: ModelsProps) {
  const remembered = useChoices((choices) => choices.model);
  const set = useChoices((choices) => choices.set);
  const chosen = offered(remembered, models) ?? models.default;
  const listed = useNextFrame(true);
  const choose = (model: string) => {
    set({ model: model === models.default ? null : model });
    onChosen();
  };
  return (
    <Command label="Models" defaultValue={chosen}>
      <Command.Input className={styles["input"]} placeholder="Find a model…" />
      <Command.List className={styles["results"]}>
        {listed && <Choices models={models} chosen={chosen} onChoose={choose} />}
      </Command.List>
    </Command>
  );
}

interface ChoicesProps {
  readonly models: ModelList;
  readonly chosen: string;
  readonly onChoose: (model: string) => void;
}

function Choices({ models, chosen, onChoose }: ChoicesProps) {
  const routes = models.aliases.filter((alias) => alias.name !== "default");
  return (
    <>
      <Command.Empty className={styles["nothing"]}>No model of that name.</Command.Empty>
      {routes.length > 0 && (
        <Command.Group heading="routes" className={styles["group"]}>
          {routes.map(({ name, models: chain }) => (
            <Choice
              key={name}
              value={name}
              name={name}
              about={chain.map(modelName).join(", then ")}
              chosen={name === chosen}
              onChoose={onChoose}
            />
          ))}
        </Command.Group>
      )}
      {grouped(models.models).map(([provider, list]) => (
        <Command.Group key={provider} heading={provider} className={styles["group"]}>
          {list.map((model) => (
            <Choice
              key={model.id}
              value={model.id}
              name={modelName(model.id)}
              about={aboutModel(model, models.default)}
              chosen={model.id === chosen}
              onChoose={onChoose}
            />
          ))}
        </Command.Group>
      ))}
    </>
  );
}

interface ChoiceProps {
  readonly value: string;
  readonly name: string;
  readonly about: string;
  readonly chosen: boolean;
  readonly onChoose: (value: string) => void;
}

function Choice({ value, name, about, chosen, onChoose }: ChoiceProps) {
  return (
    <Command.Item value={value} className={styles["item"]} onSelect={() => onChoose(value)}>
      <span className={styles["words"]}>
        {name}
        <small>{about}</small>
      </span>
      {chosen && <Check size={15} aria-label="chosen" />}
    </Command.Item>
  );
}

type Model = ModelPickerProps["models"]["models"][number];

function grouped(models: readonly Model[]): [string, Model[]][] {
  const groups = new Map<string, Model[]>();
  for (const model of models)
    groups.set(model.provider, [...(groups.get(model.provider) ?? []), model]);
  return [...groups];
}

function aboutModel(model: Model, standard: string): string {
  const can = Object.entries(CAPABILITIES)
    .filter(([name]) => model.capabilities[name])
    .map(([, words]) => words);
  const size = model.context_length ? `${Math.round(model.context_length / 1000)}k tokens` : null;
  return [model.id === standard ? "default" : null, ...can, size].filter(Boolean).join(" · ");
}
