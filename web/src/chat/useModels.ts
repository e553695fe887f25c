import { type ModelList, Store } from "@millrace/client";
import { useChatClient, useReadable } from "@millrace/react";
import { useEffect } from "react";

const models = new Store<ModelList | null>(null);

/** The models the server offers, outside of a component. */
export function knownModels(): ModelList | null {
  return models.get();
}

/** The models the server offers; null until they are known. */
export function useModels(): ModelList | null {
  const { api } = useChatClient();
  useEffect(() => {
    if (models.get() !== null) return;
    // Which model answers is a courtesy here: without it the page says less, and works.
    api.models().then(
      (list) => models.set(list),
      () => undefined,
    );
  }, [api]);
  return useReadable(models);
}
