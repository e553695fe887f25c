import type { Clock } from "./clock.ts";
import type { Channel, ChannelEvents } from "./transport.ts";
import type { Way } from "./ways.ts";

const LIMIT_MS = 8_000;

/** Tries whether a way leads to the server and back, beside the one that is in use. */
export class Trial {
  readonly #clock: Clock;
  readonly #onResult: (proven: boolean) => void;
  #timer: unknown = null;
  #channel: Channel | null = null;
  #events: ChannelEvents | null = null;
  #over = false;

  /** @param onResult Told once whether something came back. If so, `adopt` takes the channel over at once. */
  constructor(way: Way, clock: Clock, onResult: (proven: boolean) => void) {
    this.#clock = clock;
    this.#onResult = onResult;
    this.#timer = clock.setTimeout(() => this.#end(false), LIMIT_MS);
    void this.#open(way);
  }

  /** Hands over what was opened. From now on `events` are told. */
  adopt(events: ChannelEvents): Channel {
    if (!this.#channel) throw new Error("This trial has led nowhere.");
    this.#events = events;
    return this.#channel;
  }

  /** Gives up; nothing is told any more. */
  cancel(): void {
    this.#over = true;
    this.#clock.clearTimeout(this.#timer);
    if (!this.#events) this.#channel?.close(1000, "");
  }

  async #open(way: Way): Promise<void> {
    try {
      const address = await way.address();
      if (this.#over) return;
      this.#channel = way.transport.open(address, {
        onOpen: () => this.#channel?.send('{"type":"ping","data":{}}'),
        onText: (text) => (this.#events ? this.#events.onText(text) : this.#end(true)),
        onClose: (code, reason) => {
          if (this.#events) this.#events.onClose(code, reason);
          else this.#end(false);
        },
      });
    } catch {
      // Why it leads nowhere is of no interest: another way is in use.
      this.#end(false);
    }
  }

  #end(proven: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#clock.clearTimeout(this.#timer);
    if (!proven) this.#channel?.close(1000, "");
    this.#onResult(proven);
  }
}
