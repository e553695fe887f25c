// What the scenarios share: a visitor of the server, and waiting for things with a limit.

const LIMIT_MS = 60_000;

export const base = process.env.MILLRACE_URL;

/** The headers of a new guest. */
export async function guest() {
  const response = await fetch(`${base}/api/auth/session`);
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
  return { cookie: cookies.join("; ") };
}

/** Wait until `condition` gives something; it is looked at whenever the event loop comes round. */
export async function until(condition, what) {
  const limit = Date.now() + LIMIT_MS;
  for (;;) {
    const found = condition();
    if (found) return found;
    if (Date.now() > limit) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function tooLong() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error("it takes too long")), LIMIT_MS).unref();
  });
}

/** Run all scenarios side by side; what each saw, or what went wrong in it. */
export async function observe(scenarios) {
  const seen = await Promise.all(
    Object.entries(scenarios).map(async ([name, scenario]) => {
      try {
        return [name, await Promise.race([scenario(), tooLong()])];
      } catch (error) {
        return [name, { thrown: String(error?.stack ?? error) }];
      }
    }),
  );
  return Object.fromEntries(seen);
}

/** A fetch whose event streams are full of comments, as those are that wait for a slow model. */
export async function fetchWithComments(url, init) {
  const response = await fetch(url, init);
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
  let rest = "";
  const stream = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(
      new TransformStream({
        transform(text, controller) {
          const records = (rest + text).split("\n\n");
          rest = records.pop();
          for (const record of records) controller.enqueue(`: keep-alive\n\n${record}\n\n`);
        },
      }),
    )
    .pipeThrough(new TextEncoderStream());
  return new Response(stream, { status: response.status, headers: response.headers });
}
