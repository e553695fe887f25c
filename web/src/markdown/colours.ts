import type { Line } from "./highlight.ts";

/** What is asked of the colouring: a block's code from some place on. The first one names the language. */
export interface ColourRequest {
  readonly id: number;
  readonly language: string;
  /** So much of what was sent before stands. */
  readonly from: number;
  readonly text: string;
}

/** A block's lines from some line on. Null: this language is not known, or its grammar did not come. */
export interface ColourReply {
  readonly id: number;
  readonly from: number;
  readonly lines: readonly Line[] | null;
}

/** A block that is shown no longer. */
export interface ColourEnd {
  readonly id: number;
  readonly end: true;
}

/** Carries requests to whoever colours, and the replies back. */
export interface ColourPort {
  postMessage(message: ColourRequest | ColourEnd): void;
  onmessage: ((event: MessageEvent<ColourReply>) => void) | null;
}

/** The lines of a code, as far as they are coloured. */
export interface Coloured {
  readonly code: string;
  readonly lines: readonly Line[];
}

export const PLAIN: Coloured = { code: "", lines: [] };

/** Those of the lines that are also lines of another code, into which this one has grown or changed meanwhile. */
export function linesOf({ code, lines }: Coloured, other: string): readonly Line[] {
  if (other.startsWith(code)) return lines;
  let same = 0;
  while (same < other.length && code[same] === other[same]) same++;
  return lines.filter(({ start, length }) => start + length <= same);
}

/** Colours one block while it grows. */
export interface Colouring {
  update(code: string): void;
  end(): void;
}

/**
 * Has code coloured elsewhere: the first lines of a language take a grammar's compilation, which is up to seconds of work.
 *
 * A block has one request under way; what comes meanwhile goes together into the next one.
 */
export class Colours {
  readonly #open: () => ColourPort;
  readonly #blocks = new Map<number, Block>();
  #port: ColourPort | null = null;
  #last = 0;

  constructor(open: () => ColourPort) {
    this.#open = open;
  }

  /** @param onColoured Called with what is coloured so far; lines that have not changed stay the same objects. */
  begin(language: string, onColoured: (coloured: Coloured) => void): Colouring {
    const id = ++this.#last;
    const port = this.#obtain();
    const block = new Block(id, language, port, onColoured);
    this.#blocks.set(id, block);
    return {
      update: (code) => block.update(code),
      end: () => {
        this.#blocks.delete(id);
        port.postMessage({ id, end: true });
      },
    };
  }

  #obtain(): ColourPort {
    if (!this.#port) {
      this.#port = this.#open();
      this.#port.onmessage = ({ data }) => this.#blocks.get(data.id)?.onReply(data);
    }
    return this.#port;
  }
}

class Block {
  readonly #id: number;
  readonly #language: string;
  readonly #port: ColourPort;
  readonly #onColoured: (coloured: Coloured) => void;
  #wanted = "";
  #sent = "";
  #lines: readonly Line[] = [];
  #waiting = false;
  #plain = false;

  constructor(
    id: number,
    language: string,
    port: ColourPort,
    onColoured: (coloured: Coloured) => void,
  ) {
    this.#id = id;
    this.#language = language;
    this.#port = port;
    this.#onColoured = onColoured;
  }

  update(code: string): void {
    this.#wanted = code;
    if (this.#waiting || this.#plain || code === this.#sent) return;
    const from = code.startsWith(this.#sent) ? this.#sent.length : 0;
    this.#sent = code;
    this.#waiting = true;
    const text = code.slice(from);
    this.#port.postMessage({ id: this.#id, language: this.#language, from, text });
  }

  onReply({ from, lines }: ColourReply): void {
    this.#waiting = false;
    if (lines === null) {
      this.#plain = true;
      return;
    }
    this.#lines = [...this.#lines.slice(0, from), ...lines];
    this.#onColoured({ code: this.#sent, lines: this.#lines });
    this.update(this.#wanted);
  }
}

let shared: Colours | null = null;

/** The page's own, made when the first code is shown. */
export function pageColours(): Colours {
  shared ??= new Colours(
    () => new Worker(new URL("./colours.worker.ts", import.meta.url), { type: "module" }),
  );
  return shared;
}
