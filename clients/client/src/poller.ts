import type { Clock } from "./clock.ts";
import type { Conversations } from "./conversations.ts";
import type { SessionLoader } from "./loader.ts";

const INTERVAL_MS = 2_000;

/** Looks from time to time what has become of running turns, where no stream tells of them. */
export class Poller {
  readonly #clock: Clock;
  readonly #conversations: Conversations;
  readonly #loader: SessionLoader;
  #timer: unknown = null;
  #active = false;

  constructor(clock: Clock, conversations: Conversations, loader: SessionLoader) {
    this.#clock = clock;
    this.#conversations = conversations;
    this.#loader = loader;
  }

  start(): void {
    if (this.#active) return;
    this.#active = true;
    void this.#look();
  }

  stop(): void {
    this.#active = false;
    this.#clock.clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    for (const conversation of this.#conversations.all()) {
      for (const turn of conversation.running) {
        await this.#loader.recheck(conversation, turn.turnId);
      }
    }
    if (this.#active) this.#timer = this.#clock.setTimeout(() => void this.#look(), INTERVAL_MS);
  }
}
