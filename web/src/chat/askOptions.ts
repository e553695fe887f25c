import type { ModelList, RegenerateOptions } from "@millrace/client";
import type { Choices } from "../state/choices.ts";
import { knownModels } from "./useModels.ts";

/**
 * The model that was chosen, if the server offers it; null for the server's default.
 *
 * The choice itself stays: a model server that is off today may be back tomorrow.
 */
export function offered(model: string | null, models: ModelList | null): string | null {
  const known =
    models?.models.some(({ id }) => id === model) ||
    models?.aliases.some(({ name }) => name === model);
  return known ? model : null;
}

/** What a question says beside its words. A model that the server does not offer (any more) is not asked for. */
export function askOptions(
  { model: chosen, thinking }: Pick<Choices, "model" | "thinking">,
  models: ModelList | null = knownModels(),
): RegenerateOptions {
  const model = offered(chosen, models);
  return {
    ...(model === null ? {} : { model }),
    ...(thinking === "auto" ? {} : { thinking_mode: thinking }),
    ...(thinking === "system2" ? { enable_reasoning: true } : {}),
  };
}
