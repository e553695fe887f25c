import {
  type ComponentType,
  cloneElement,
  type ReactElement,
  type ReactNode,
  useState,
} from "react";
import { deferred } from "./deferred.tsx";
import { useNextFrame } from "./useNextFrame.ts";

/** What is set on a button that opens something. */
export interface TriggerProps {
  readonly onClick?: () => void;
  readonly onPointerEnter?: () => void;
  readonly "aria-haspopup"?: Popup;
  readonly "aria-expanded"?: boolean;
}

type Popup = "menu" | "dialog";

export interface OpenedProps {
  /** A button; it is told to open what belongs to it. */
  readonly trigger: ReactElement<TriggerProps>;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

type Closed<P> = Omit<P, "open" | "onOpenChange">;

export interface Opener<P extends OpenedProps> {
  readonly Component: (props: Closed<P>) => ReactNode;
  /** Fetches it, once, so that it is there when somebody opens it. */
  readonly load: () => Promise<void>;
}

/**
 * What a button opens. The button is there at once; what it opens is downloaded when somebody comes near it, and is part of the
 * page only once it was opened: fifty menus of fifty conversations cost nothing.
 */
export function opener<P extends OpenedProps>(
  popup: Popup,
  fetch: () => Promise<ComponentType<P>>,
): Opener<P> {
  const view = deferred<P>(fetch, Button);

  function Button({ trigger, onOpenChange }: OpenedProps) {
    return cloneElement(trigger, {
      "aria-haspopup": popup,
      "aria-expanded": false,
      onPointerEnter: () => void view.load(),
      onClick: () => {
        onOpenChange(true);
        void view.load();
      },
    });
  }

  function Component(props: Closed<P>) {
    const [wanted, setWanted] = useState<boolean | null>(null);
    // What opens is there a frame before it does: on a slow phone both at once would hold the page up.
    const there = useNextFrame(wanted !== null);
    const open = wanted === true && there;
    const whole = { ...props, open, onOpenChange: setWanted } as unknown as P;
    const Shown = wanted === null ? Button : view.Component;
    return <Shown {...whole} />;
  }

  return { Component, load: view.load };
}
