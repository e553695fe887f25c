// AG-UI's own HTTP client.

import { HttpAgent } from "@ag-ui/client";
import { base, fetchWithComments, until } from "./support.mjs";

const url = `${base}/api/ag-ui`;

/** An agent that asks one question, and everything that it was told. */
export function agent(headers, question, more = {}) {
  const events = [];
  const { model, props, path = "", ...config } = more;
  const client = new HttpAgent({
    url: url + path,
    headers,
    fetch: fetchWithComments,
    threadId: crypto.randomUUID(),
    initialMessages: question ? [{ id: crypto.randomUUID(), role: "user", content: question }] : [],
    ...config,
  });
  const failures = [];
  client.subscribe({
    onEvent: ({ event }) => {
      events.push(event);
    },
    onRunFailed: ({ error }) => {
      failures.push(error.message);
    },
  });
  const run = async (parameters = {}) => {
    try {
      const { result } = await client.runAgent({
        forwardedProps: { model, ...props },
        ...parameters,
      });
      return result ?? null;
    } catch (error) {
      return { thrown: error.message };
    }
  };
  const sight = (result) => ({
    thread: client.threadId,
    result,
    failures,
    types: events.map((event) => event.type),
    custom: events.filter((event) => event.type === "CUSTOM"),
    first: events[0] ?? null,
    last: events.at(-1) ?? null,
    messages: client.messages,
    state: client.state,
  });
  return { client, events, run, sight };
}

export function agUiScenarios(headers) {
  const scenarios = {
    async everything() {
      const { run, sight } = agent(headers, "Think, please.", {
        model: "sim/sim?tokens=30&seed=5&reasoning=12&text=mixed",
        props: { enableReasoning: true },
        initialState: { mine: [1] },
      });
      return sight(await run({ runId: "run-1" }));
    },

    async conversation() {
      const { client, run, sight } = agent(headers, "One.", { model: "sim/sim?tokens=6" });
      await run();
      client.addMessage({ id: crypto.randomUUID(), role: "user", content: "Two." });
      return sight(await run());
    },

    async sources() {
      const question = "What settings does the server have? [1]";
      const props = { context: { enableRag: true } };
      const { run, sight } = agent(headers, question, { model: "sim/sim?text=echo", props });
      return sight(await run());
    },

    async "the same run twice"() {
      const model = "sim/sim?tokens=60&interval_ms=5";
      const one = agent(headers, "Once.", { model });
      const other = agent(headers, "Once.", { model, threadId: one.client.threadId });
      const results = await Promise.all(
        [one, other].map(({ run }) => run({ runId: "the-same-run" })),
      );
      return { one: one.sight(results[0]), other: other.sight(results[1]) };
    },

    async left() {
      const { client, events, run, sight } = agent(headers, "Talk.", {
        model: "sim/sim?tokens=5000&interval_ms=25",
      });
      const running = run();
      await until(() => events.some((event) => event.type === "TEXT_MESSAGE_CONTENT"), "text");
      client.abortRun();
      return sight(await running);
    },

    async "failed before"() {
      const { run, sight } = agent(headers, "Hello?", { model: "sim/sim?fault=429&retry_after=7" });
      return sight(await run());
    },

    async "failed in the middle"() {
      const { run, sight } = agent(headers, "Hello?", {
        model: "sim/sim?tokens=40&seed=9&fault=error_event&after=10&reasoning=3",
      });
      return sight(await run());
    },

    async refused() {
      const { run, sight } = agent(headers, "Hello?", { model: "nobody/knows" });
      return sight(await run());
    },
  };
  return Object.fromEntries(
    Object.entries(scenarios).map(([name, scenario]) => [`ag-ui: ${name}`, scenario]),
  );
}
