import type { ChatRegenerateData, ChatRequestData } from "@millrace/protocol";

/** What keeps texts over a reload: `sessionStorage`, for example. */
export interface KeyValueStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

interface EntryBase {
  /** Makes sending it again harmless: the server attaches to the turn it began. */
  readonly requestId: string;
  /** The conversation it belongs to on this client. */
  readonly key: string;
  readonly createdAt: string;
}

export interface RequestEntry extends EntryBase {
  readonly kind: "request";
  readonly data: ChatRequestData;
}

export interface RegenerateEntry extends EntryBase {
  readonly kind: "regenerate";
  readonly data: ChatRegenerateData;
}

/** A request of which no frame has been seen yet. */
export type OutboxEntry = RequestEntry | RegenerateEntry;

const STORAGE_KEY = "millrace.outbox";

/** The requests that the server may not have, oldest first. They outlive a reload where there is a storage. */
export class Outbox {
  readonly #storage: KeyValueStorage | null;
  #entries: OutboxEntry[];

  constructor(storage: KeyValueStorage | null) {
    this.#storage = storage;
    this.#entries = read(storage);
  }

  get entries(): readonly OutboxEntry[] {
    return this.#entries;
  }

  find(requestId: string): OutboxEntry | undefined {
    return this.#entries.find((entry) => entry.requestId === requestId);
  }

  add(entry: OutboxEntry): void {
    this.#entries.push(entry);
    this.#save();
  }

  remove(requestId: string): void {
    this.#entries = this.#entries.filter((entry) => entry.requestId !== requestId);
    this.#save();
  }

  clear(): void {
    this.#entries = [];
    this.#save();
  }

  #save(): void {
    if (!this.#storage) return;
    // A key of the user's own is written nowhere: its request does not outlive the page.
    const kept = this.#entries.filter((entry) => !entry.data.provider_key);
    try {
      if (kept.length === 0) this.#storage.removeItem(STORAGE_KEY);
      else this.#storage.setItem(STORAGE_KEY, JSON.stringify(kept));
    } catch (error) {
      // A full or forbidden storage costs the survival of a reload, not the request itself.
      console.warn("Millrace: unsent messages could not be kept", error);
    }
  }
}

function read(storage: KeyValueStorage | null): OutboxEntry[] {
  try {
    const text = storage?.getItem(STORAGE_KEY);
    const entries: unknown = text ? JSON.parse(text) : [];
    return Array.isArray(entries) ? (entries as OutboxEntry[]) : [];
  } catch {
    // Written by another version, or forbidden: there is nothing to send again.
    return [];
  }
}
