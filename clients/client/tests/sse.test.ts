import fc from "fast-check";
import { expect, it } from "vitest";
import { EventStreamReader, type StreamRecord } from "../src/sse.ts";

const STREAM = [
  ": a comment\n\n",
  'data: {"a":1}\n\n',
  "event: end\r\ndata: one\r\ndata:two\r\n\r\n",
  "id: 7\nretry: 5\n\n",
  "data: Grüße 🦊\n\n",
  "data: not complete\n",
].join("");
const RECORDS: StreamRecord[] = [
  { event: "message", data: '{"a":1}' },
  { event: "end", data: "one\ntwo" },
  { event: "message", data: "Grüße 🦊" },
];

it("reads the same records wherever the stream is cut", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length)), (places) => {
      const cuts = [0, ...[...places].sort((a, b) => a - b), STREAM.length];
      const reader = new EventStreamReader();
      const records = cuts.slice(1).flatMap((end, i) => reader.push(STREAM.slice(cuts[i], end)));
      expect(records).toEqual(RECORDS);
    }),
  );
});
