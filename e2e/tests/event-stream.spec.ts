import { expect, test } from "../fixtures/stack.ts";

interface Heard {
  /** The tokens of each request, joined. */
  fetched: string;
  resumed: string;
  /** What the digest of the text should be, and is. */
  digests: [string, string];
  /** Whether the browser asked again after the end, was told that nothing follows, and stopped. */
  closed: boolean;
}

/** A front end without any library of ours: fetch for the question, EventSource for coming back. */
async function hear(): Promise<Heard> {
  const asked = await fetch("/api/chat/stream", {
    method: "POST",
    body: JSON.stringify({ message: "Tell me.", request_id: crypto.randomUUID() }),
  });
  const turnId = asked.headers.get("x-turn-id");
  const reader = asked.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  // Some of it, and then the page loses interest.
  while (reader && text.split("\n\n").length < 6) text += (await reader.read()).value ?? "";
  await reader?.cancel();

  const tokens = (records: string) =>
    records
      .split("\n\n")
      .slice(0, -1)
      .map((record) => JSON.parse(record.slice(record.indexOf("data: ") + 6)).token ?? "");
  const ids = text.split("\n\n").slice(0, -1);
  const last = ids.at(-1)?.split("\n")[0]?.slice("id: ".length) ?? "";
  const fetched = tokens(text).join("");

  const source = new EventSource(`/api/chat/stream/${turnId}?seen=${encodeURIComponent(last)}`);
  let resumed = "";
  const done = await new Promise<{ digest: string }>((resolve, reject) => {
    source.onmessage = (event) => {
      const data = JSON.parse(event.data);
      if (data.error) reject(new Error(data.error));
      if (data.done) resolve(data);
      resumed += data.token ?? "";
    };
  });
  const closed = await new Promise<boolean>((resolve) => {
    source.onmessage = () => resolve(false);
    source.onerror = () => source.readyState === EventSource.CLOSED && resolve(true);
  });
  const bytes = new TextEncoder().encode(fetched + resumed);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { fetched, resumed, digests: [done.digest, hex], closed };
}

test.use({ behaviour: "tokens=60&interval_ms=5&text=mixed" });

test("a browser's own fetch and EventSource hear one answer, and stop at its end", async ({
  page,
  stack,
}) => {
  await page.goto(`${stack.url}/chat`);
  const heard = await page.evaluate(hear);
  expect(heard.fetched).not.toBe("");
  expect(heard.resumed).not.toBe("");
  expect(heard.digests[1]).toBe(heard.digests[0]);
  expect(heard.closed).toBe(true);
});
