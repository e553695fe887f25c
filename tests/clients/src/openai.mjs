// OpenAI's own client, as a program with a key uses it.

import OpenAI from "openai";
import { base, guest, observe } from "./support.mjs";

const headers = await guest();
const made = await fetch(`${base}/api/keys`, {
  method: "POST",
  headers: { ...headers, "content-type": "application/json" },
  body: "{}",
});
const apiKey = (await made.json()).key;
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey, maxRetries: 0 });
const asked = (content) => [{ role: "user", content }];

/** What the client throws, as far as a program would look at it. */
async function refused(call) {
  try {
    const answer = await call();
    for await (const _ of answer) {
      // A stream fails while it is read.
    }
    return { thrown: false };
  } catch (error) {
    return {
      kind: error.constructor.name,
      status: error.status ?? null,
      code: error.code ?? null,
      param: error.param ?? null,
      message: error.message,
      retryAfter: error.headers?.get("retry-after") ?? null,
      requestId: error.requestID ?? null,
    };
  }
}

async function collected(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const create = (model, more = {}) =>
  client.chat.completions.create({ model, messages: asked("Talk."), ...more });

const scenarios = {
  async models() {
    const models = await collected(client.models.list());
    return {
      ids: models.map((model) => model.id),
      one: await client.models.retrieve(models[0].id),
    };
  },
  async "chat: whole"() {
    return { answer: await create("sim/sim?tokens=30&seed=5&reasoning=12&text=mixed") };
  },
  async "chat: streamed"() {
    const model = "sim/sim?tokens=30&seed=5&reasoning=12&text=mixed&split=3";
    return {
      chunks: await collected(
        await create(model, { stream: true, stream_options: { include_usage: true } }),
      ),
    };
  },
  async "chat: helper"() {
    const stream = client.chat.completions.stream({
      model: "sim/sim?tokens=20",
      messages: asked("Talk."),
    });
    return {
      text: await stream.finalContent(),
      usage: (await stream.finalChatCompletion()).usage ?? null,
    };
  },
  async "chat: aborted"() {
    const stream = await create("sim/sim?tokens=2000&interval_ms=10&seed=71", { stream: true });
    let pieces = 0;
    for await (const _ of stream) {
      pieces += 1;
      if (pieces === 5) stream.controller.abort();
    }
    return { pieces };
  },
  async errors() {
    const stranger = new OpenAI({
      baseURL: `${base}/v1`,
      apiKey: "mr_000000000000_x",
      maxRetries: 0,
    });
    const [key, model, field, limit, limitStreamed, broken, middle, previous] = await Promise.all([
      refused(() => stranger.models.list()),
      refused(() => create("nobody/knows")),
      refused(() => create("sim/sim", { tools: [{ type: "function", function: { name: "f" } }] })),
      refused(() => create("sim/sim?fault=429&retry_after=7")),
      refused(() => create("sim/sim?fault=429&retry_after=7", { stream: true })),
      refused(() => create("sim/sim?fault=500")),
      refused(() => create("sim/sim?tokens=30&fault=cut&after=5", { stream: true })),
      refused(() => client.responses.create({ input: "Talk.", previous_response_id: "resp_none" })),
    ]);
    return { key, model, field, limit, limitStreamed, broken, middle, previous };
  },
  async "tries again by itself"() {
    const patient = new OpenAI({ baseURL: `${base}/v1`, apiKey, maxRetries: 1 });
    const model = "sim/sim?tokens=5&fault=503&fail_times=3&key=node&retry_after=0";
    const answer = await patient.chat.completions.create({ model, messages: asked("Talk.") });
    return { text: answer.choices[0].message.content };
  },
  async "responses: whole"() {
    const response = await client.responses.create({
      model: "sim/sim?tokens=20&seed=6&reasoning=8",
      input: "Talk.",
      instructions: "Rhyme.",
      metadata: { page: "3" },
    });
    const next = await client.responses.create({
      model: "sim/sim?text=echo",
      input: "And then?",
      previous_response_id: response.id,
    });
    return { response, kept: await client.responses.retrieve(response.id), next };
  },
  async "responses: helper"() {
    const stream = client.responses.stream({
      model: "sim/sim?tokens=40&seed=6&reasoning=8",
      input: "Talk.",
    });
    const types = [];
    stream.on("event", (event) => types.push(event.type));
    const response = await stream.finalResponse();
    return { text: response.output_text, types, usage: response.usage };
  },
  async "responses: resumed"() {
    const model = "sim/sim?tokens=120&interval_ms=2&seed=7&text=mixed";
    const { id, status } = await client.responses.create({
      model,
      input: "Talk.",
      background: true,
    });
    const events = await collected(await client.responses.retrieve(id, { stream: true }));
    const later = [];
    for (const place of [0, 3, 4, 60, events.length - 2]) {
      const rest = await collected(
        await client.responses.retrieve(id, { stream: true, starting_after: place }),
      );
      later.push(JSON.stringify(rest) === JSON.stringify(events.slice(place + 1)));
    }
    return { status, later, last: events.at(-1), kept: await client.responses.retrieve(id) };
  },
  async "responses: cancelled"() {
    const model = "sim/sim?tokens=2000&interval_ms=10&seed=72";
    const { id } = await client.responses.create({ model, input: "Talk.", background: true });
    const stream = await client.responses.retrieve(id, { stream: true });
    let cancelled = null;
    const types = [];
    for await (const event of stream) {
      types.push(event.type);
      if (types.length === 8) cancelled = await client.responses.cancel(id);
    }
    return { cancelled, last: types.at(-1), kept: await client.responses.retrieve(id) };
  },
  async "responses: left"() {
    const model = "sim/sim?tokens=2000&interval_ms=10&seed=73";
    const stream = await client.responses.create({ model, input: "Talk.", stream: true });
    for await (const event of stream) if (event.type === "response.output_text.delta") break;
    return {};
  },
  async "responses: failed"() {
    const call = () =>
      client.responses.create({
        model: "sim/sim?tokens=30&fault=cut&after=5",
        input: "Talk.",
        stream: true,
      });
    return { middle: await refused(call) };
  },
};

process.stdout.write(
  JSON.stringify({
    headers: { ...headers, authorization: `Bearer ${apiKey}` },
    seen: await observe(scenarios),
  }),
);
