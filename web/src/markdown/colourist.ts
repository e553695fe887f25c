import type { ColourEnd, ColourReply, ColourRequest } from "./colours.ts";
import { type Highlighter, highlighterFor, type Line } from "./highlight.ts";

interface Block {
  readonly highlighter: Promise<Highlighter | null>;
  code: string;
  lines: readonly Line[];
}

/** Answers the requests to colour: with the lines that are new or have changed. */
export class Colourist {
  readonly #reply: (reply: ColourReply) => void;
  readonly #blocks = new Map<number, Block>();

  constructor(reply: (reply: ColourReply) => void) {
    this.#reply = reply;
  }

  async take(request: ColourRequest | ColourEnd): Promise<void> {
    const { id } = request;
    if ("end" in request) {
      this.#blocks.delete(id);
      return;
    }
    const block = this.#blocks.get(id) ?? this.#begin(request);
    block.code = block.code.slice(0, request.from) + request.text;
    const highlighter = await block.highlighter;
    if (!highlighter) {
      this.#reply({ id, from: 0, lines: null });
      return;
    }
    const lines = highlighter.lines(block.code);
    const changed = lines.findIndex((line, index) => line !== block.lines[index]);
    const from = changed < 0 ? lines.length : changed;
    block.lines = lines;
    this.#reply({ id, from, lines: lines.slice(from) });
  }

  #begin({ id, language }: ColourRequest): Block {
    const highlighter = highlighterFor(language).catch((error: unknown) => {
      // Without colours it is still code.
      console.warn("Millrace: code stays plain", error);
      return null;
    });
    const block: Block = { highlighter, code: "", lines: [] };
    this.#blocks.set(id, block);
    return block;
  }
}
