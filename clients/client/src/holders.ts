import type { Clock } from "./clock.ts";

/** Keeps something open as long as somebody holds it. */
export class Holders {
  readonly #clock: Clock;
  readonly #open: () => void;
  readonly #close: () => void;
  #count = 0;

  constructor(clock: Clock, open: () => void, close: () => void) {
    this.#clock = clock;
    this.#open = open;
    this.#close = close;
  }

  /**
   * @returns What lets go. It closes a moment later, unless it is held again: a page that takes its tree down and puts
   *   it up again keeps it.
   */
  hold(): () => void {
    this.#count++;
    if (this.#count === 1) this.#open();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#count--;
      this.#clock.setTimeout(() => this.#count === 0 && this.#close(), 0);
    };
  }
}
