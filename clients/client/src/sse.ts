/** One record of an event stream. */
export interface StreamRecord {
  /** `message` where the stream does not say. */
  readonly event: string;
  readonly data: string;
}

/** Reads the text of an event stream (HTML standard, section 9.2), however it is cut. Comments are left out. */
export class EventStreamReader {
  #rest = "";

  /** The records that `text` completes. */
  push(text: string): StreamRecord[] {
    const lines = (this.#rest + text).split("\n");
    const records: StreamRecord[] = [];
    // What is behind the last blank line belongs to a record that is not complete.
    let begin = 0;
    for (let end = 0; end < lines.length - 1; end++) {
      if (lines[end] !== "" && lines[end] !== "\r") continue;
      const record = recordOf(lines.slice(begin, end));
      if (record) records.push(record);
      begin = end + 1;
    }
    this.#rest = lines.slice(begin).join("\n");
    return records;
  }
}

function recordOf(lines: readonly string[]): StreamRecord | null {
  let event = "message";
  const data: string[] = [];
  for (const raw of lines) {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") event = value;
    if (name === "data") data.push(value);
  }
  return data.length > 0 ? { event, data: data.join("\n") } : null;
}
