import type { RegenerateOptions } from "@millrace/client";
import type { Choices } from "../state/choices.ts";

/** What a question says beside its words. */
export function askOptions({ model, thinking }: Choices): RegenerateOptions {
  return {
    ...(model === null ? {} : { model }),
    ...(thinking === "auto" ? {} : { thinking_mode: thinking }),
    ...(thinking === "system2" ? { enable_reasoning: true } : {}),
  };
}
