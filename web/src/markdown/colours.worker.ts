import { Colourist } from "./colourist.ts";
import type { ColourEnd, ColourPort, ColourReply, ColourRequest } from "./colours.ts";

/** This file runs in a worker, whose global object is the other end of the page's port. */
const page = globalThis as unknown as {
  postMessage(reply: ColourReply): void;
  onmessage: ((event: { data: Parameters<ColourPort["postMessage"]>[0] }) => void) | null;
};

const colourist = new Colourist((reply) => page.postMessage(reply));
page.onmessage = ({ data }: { data: ColourRequest | ColourEnd }) => void colourist.take(data);
