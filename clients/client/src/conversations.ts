import { Conversation } from "./conversation.ts";
import type { Schedule } from "./schedule.ts";

/** The conversations of this client by key, and the moment at which their changes are published. */
export class Conversations {
  readonly #schedule: Schedule;
  readonly #byKey = new Map<string, Conversation>();
  readonly #dirty = new Set<Conversation>();

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** Each once, although a new one is known by two keys. */
  all(): Set<Conversation> {
    return new Set(this.#byKey.values());
  }

  get(key: string): Conversation | undefined {
    return this.#byKey.get(key);
  }

  obtain(key: string): Conversation {
    let conversation = this.#byKey.get(key);
    if (!conversation) {
      const sessionId = key.startsWith("draft:") ? null : key;
      conversation = new Conversation(sessionId, (one) => this.#onDirty(one));
      this.#byKey.set(key, conversation);
    }
    return conversation;
  }

  /** Makes a new conversation known by its session's id too. */
  name(conversation: Conversation, sessionId: string): void {
    conversation.change({ sessionId, loading: "ready" });
    this.#byKey.set(sessionId, conversation);
  }

  /** Publishes now, after something a person did. */
  flush(): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const conversation of dirty) conversation.flush();
  }

  clear(): void {
    this.#byKey.clear();
  }

  #onDirty(conversation: Conversation): void {
    const first = this.#dirty.size === 0;
    this.#dirty.add(conversation);
    if (first) this.#schedule(() => this.flush());
  }
}
