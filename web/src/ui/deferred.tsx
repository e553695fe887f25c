import { Store } from "@millrace/client";
import { useReadable } from "@millrace/react";
import type { ComponentType, ReactElement } from "react";

export interface Deferred<P extends object> {
  /** Shows what has come; until then what stands in for it. */
  readonly Component: (props: P) => ReactElement;
  /** Fetches it, once. Asking early, where somebody is about to need it, makes it be there in time. */
  readonly load: () => Promise<void>;
}

/**
 * A component that is downloaded when it is needed.
 *
 * A store and no `React.lazy`: Suspense would hold back what is shown for a while after the download has come.
 *
 * @param fetch Downloads it.
 * @param Waiting Stands in for it until then.
 * @param Failed Stands in for it where it cannot be had; the server may have a newer page by now.
 */
export function deferred<P extends object>(
  fetch: () => Promise<ComponentType<P>>,
  Waiting: ComponentType<P>,
  Failed: ComponentType<P> = Waiting,
): Deferred<P> {
  const view = new Store<{ readonly Shown: ComponentType<P> }>({ Shown: Waiting });
  let loading: Promise<void> | null = null;
  const load = () => {
    loading ??= fetch().then(
      (Shown) => view.set({ Shown }),
      (error: unknown) => {
        console.warn("Millrace: a part of the page could not be loaded", error);
        loading = null;
        view.set({ Shown: Failed });
      },
    );
    return loading;
  };
  function Component(props: P) {
    const { Shown } = useReadable(view);
    return <Shown {...props} />;
  }
  return { Component, load };
}
