// One engine under all: what begins in one protocol is seen and stopped in another, by the same user.

import * as v7 from "ai-v7";
import WebSocket from "ws";
import { agent } from "./ag-ui.mjs";
import { api, joined, State, sight } from "./ai-sdk.mjs";
import { base, until } from "./support.mjs";

const ENDLESS = "sim/sim?tokens=5000&interval_ms=25&seed=4";

/** A connection that speaks `chat`, and all that it was told. */
async function native(headers) {
  const socket = new WebSocket(`${base.replace("http", "ws")}/api/ws/chat`, { headers });
  const frames = [];
  socket.on("message", (text) => frames.push(JSON.parse(text)));
  await new Promise((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
  });
  const say = (type, data) => socket.send(JSON.stringify({ type, data }));
  const told = (...types) =>
    until(() => frames.find((frame) => types.includes(frame.type))?.data, types.join(" or "));
  return { say, told, close: () => socket.close() };
}

class Chat extends v7.AbstractChat {
  constructor(init) {
    super({ ...init, state: new State(init.messages ?? []) });
  }
}

export function crossScenarios(headers) {
  const open = (id, model, messages) =>
    new Chat({
      id,
      messages,
      transport: new v7.DefaultChatTransport({ api, headers, body: { model } }),
    });
  const written = (chat) => until(() => joined(chat.messages[1] ?? { parts: [] }, "text"), "text");
  const load = async (id) => {
    const response = await fetch(`${api}/${encodeURIComponent(id)}/messages`, { headers });
    return response.json();
  };

  const scenarios = {
    async "begun in chat, watched by the others"() {
      const chat = await native(headers);
      chat.say("chat_request", { message: "Talk.", model: ENDLESS });
      const { session_id: session, turn_id: turn } = await chat.told("thinking_started");
      await chat.told("content_token");
      const loaded = await load(session);
      const page = open(session, ENDLESS, loaded.messages);
      const watcher = agent(headers, "", { path: "/connect", threadId: session });
      const watching = Promise.all([page.resumeStream(), watcher.run({ runId: "my-name" })]);
      await written(page);
      await until(() => watcher.client.messages[1]?.content, "text");
      chat.say("chat_stop", { session_id: session });
      const [, result] = await watching;
      const cancelled = await chat.told("chat_cancelled");
      chat.close();
      return { turn, loaded, cancelled, page: sight(page), watcher: watcher.sight(result) };
    },

    async "begun by the AI SDK, stopped in chat"() {
      const page = open(crypto.randomUUID(), ENDLESS);
      const sent = page.sendMessage({ text: "Talk." });
      await written(page);
      const chat = await native(headers);
      chat.say("chat_stop", { session_id: page.messages[1].metadata.sessionId });
      const cancelled = await chat.told("chat_cancelled", "chat_error");
      await sent;
      chat.close();
      return { cancelled, page: sight(page), loaded: await load(page.id) };
    },

    async "begun by AG-UI, stopped by the AI SDK's way"() {
      const asker = agent(headers, "Talk.", { model: ENDLESS });
      const running = asker.run();
      await until(
        () => asker.events.some((event) => event.type === "TEXT_MESSAGE_CONTENT"),
        "text",
      );
      const stopped = await fetch(`${api}/${asker.client.threadId}/stop`, {
        method: "POST",
        headers,
      });
      return { stopped: await stopped.json(), ...asker.sight(await running) };
    },

    async "joined when it is over"() {
      const asker = agent(headers, "Say.", { model: "sim/sim?tokens=5" });
      await asker.run();
      const { threadId } = asker.client;
      const watcher = agent(headers, "", { path: "/connect", threadId });
      const result = await watcher.run();
      const nothing = agent(headers, "", { path: "/connect" });
      return {
        asked: asker.sight(null),
        watcher: watcher.sight(result),
        nothing: nothing.sight(await nothing.run()),
        loaded: await load(threadId),
      };
    },
  };
  return Object.fromEntries(
    Object.entries(scenarios).map(([name, scenario]) => [`cross: ${name}`, scenario]),
  );
}
