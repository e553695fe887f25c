// The AI SDK's own chat, as React's `useChat` drives it, in its versions 5, 6 and 7, over its own transports.

import * as v5 from "ai-v5";
import * as v6 from "ai-v6";
import * as v7 from "ai-v7";
import WebSocket from "ws";
import { base, fetchWithComments, until } from "./support.mjs";

export const api = `${base}/api/ai/chat`;
// Nobody waits for its end: it is stopped once the scenario has seen what it wants to see, however slow the machine is.
const ENDLESS = "sim/sim?tokens=5000&interval_ms=25&seed=3";

/** What `useChat` keeps. */
export class State {
  status = "ready";
  error = undefined;

  constructor(messages) {
    this.messages = messages;
  }
  pushMessage(message) {
    this.messages = [...this.messages, message];
  }
  popMessage() {
    this.messages = this.messages.slice(0, -1);
  }
  replaceMessage(index, message) {
    this.messages = this.messages.with(index, structuredClone(message));
  }
  snapshot(thing) {
    return structuredClone(thing);
  }
}

/** What a person sees of a chat. */
export function sight(chat, data = []) {
  return {
    status: chat.status,
    error: chat.error?.message ?? null,
    data,
    messages: chat.messages.map((message) => ({
      id: message.id,
      role: message.role,
      text: joined(message, "text"),
      reasoning: joined(message, "reasoning"),
      kinds: [...new Set(message.parts.map((part) => part.type))],
      sources: message.parts.filter((part) => part.type.startsWith("source-")),
      metadata: message.metadata ?? null,
    })),
  };
}

export function joined(message, type) {
  const parts = message.parts.filter((part) => part.type === type);
  return parts.map((part) => part.text).join("");
}

/** What was said before, with so many characters. */
function history(chars) {
  return [
    { id: "u0", role: "user", parts: [{ type: "text", text: "x".repeat(chars) }] },
    { id: "a0", role: "assistant", parts: [{ type: "text", text: "So much?", state: "done" }] },
  ];
}

/** The scenarios of one version over one transport; `leave` goes away without a word. */
function scenarios(sdk, makeTransport, leave, headers) {
  class Chat extends sdk.AbstractChat {
    constructor(init) {
      super({ ...init, state: new State(init.messages ?? []) });
    }
  }
  const open = (model, more = {}) => {
    const data = [];
    const transport = makeTransport({ model, ...more.body });
    const chat = new Chat({
      id: crypto.randomUUID(),
      onData: (part) => data.push(part),
      ...more,
      transport,
    });
    return { chat, data, close: () => transport.close?.() };
  };
  const answer = (chat) => chat.messages.findLast((message) => message.role === "assistant");
  const written = (chat, chars) =>
    until(() => answer(chat) && joined(answer(chat), "text").length > chars, "text");
  const stop = (chat) =>
    fetch(`${api}/${encodeURIComponent(chat.id)}/stop`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ assistantMessage: answer(chat), activeStreamId: null }),
    });

  return {
    async everything() {
      const { chat, data, close } = open("sim/sim?tokens=30&seed=5&reasoning=12&text=mixed", {
        body: { enableReasoning: true },
      });
      await chat.sendMessage({ text: "Think, please." });
      close();
      return { id: chat.id, ...sight(chat, data) };
    },

    async sources() {
      const { chat, close } = open("sim/sim?text=echo", { body: { context: { enableRag: true } } });
      await chat.sendMessage({ text: "What settings does the server have? [1]" });
      close();
      return sight(chat);
    },

    async conversation() {
      const { chat, close } = open("sim/sim?tokens=8&seed=7", { id: `${crypto.randomUUID()}/ä ?` });
      await chat.sendMessage({ text: "One." });
      await chat.sendMessage({ text: "Two." });
      const before = sight(chat);
      await chat.regenerate();
      const again = sight(chat);
      await chat.regenerate({ messageId: chat.messages[1].id });
      close();
      return { id: chat.id, before, again, first: sight(chat) };
    },

    async resumed() {
      const { chat, close } = open(ENDLESS);
      const sent = chat.sendMessage({ text: "Talk." });
      await written(chat, 20);
      // A second page on the same chat, which has loaded what the first one asked.
      const other = open(ENDLESS, { id: chat.id, messages: [structuredClone(chat.messages[0])] });
      const resumed = other.chat.resumeStream();
      await written(other.chat, 40);
      await stop(chat);
      await Promise.all([resumed, sent]);
      other.close();
      const third = makeTransport({});
      const idle = await third.reconnectToStream({ chatId: chat.id });
      third.close?.();
      close();
      return { whole: sight(chat), resumed: sight(other.chat), idle };
    },

    async left() {
      const { chat, close } = open(ENDLESS);
      const sent = chat.sendMessage({ text: "Talk." });
      await written(chat, 20);
      await leave(chat, close);
      await sent;
      const partial = sight(chat);
      const resumed = chat.resumeStream();
      await written(chat, joined(answer(chat), "text").length + 20);
      await stop(chat);
      await resumed;
      close();
      return { partial, after: sight(chat) };
    },

    async "stopped by the client alone"() {
      const { chat, close } = open(ENDLESS);
      const sent = chat.sendMessage({ text: "Talk." });
      await written(chat, 20);
      await chat.stop();
      await sent;
      close();
      return { id: chat.id, ...sight(chat) };
    },

    async stopped() {
      const { chat, close } = open(ENDLESS);
      const sent = chat.sendMessage({ text: "Talk." });
      await written(chat, 20);
      const response = await stop(chat);
      await sent;
      const again = await stop(chat);
      close();
      return { id: chat.id, answers: [await response.json(), await again.json()], ...sight(chat) };
    },

    async "again while it is written"() {
      const { chat, close } = open(ENDLESS);
      const sent = chat.sendMessage({ text: "Talk." });
      await written(chat, 20);
      await chat.stop();
      await sent;
      await chat.regenerate({ body: { model: "sim/sim?tokens=30" } });
      close();
      return { id: chat.id, ...sight(chat) };
    },

    async "refused, then asked again"() {
      const { chat, close } = open("nobody/knows");
      await chat.sendMessage({ text: "Hello?" });
      const refused = sight(chat);
      close();
      const second = open("sim/sim?tokens=4", { id: chat.id, messages: chat.messages });
      await second.chat.regenerate();
      second.close();
      return { id: chat.id, refused, ...sight(second.chat) };
    },

    async "failed before"() {
      const { chat, close } = open("sim/sim?fault=429&retry_after=7");
      await chat.sendMessage({ text: "Hello?" });
      close();
      return sight(chat);
    },

    async "cut upstream"() {
      const { chat, close } = open("sim/sim?tokens=40&seed=9&fault=truncate&after=10");
      await chat.sendMessage({ text: "Hello?" });
      close();
      return sight(chat);
    },

    async "failed in the middle"() {
      const { chat, close } = open("sim/sim?tokens=40&seed=9&fault=error_event&after=10");
      await chat.sendMessage({ text: "Hello?" });
      close();
      return sight(chat);
    },

    async "with a long history"() {
      const { chat, close } = open("sim/sim?tokens=4", { messages: history(200_000) });
      await chat.sendMessage({ text: "And?" });
      close();
      return sight(chat);
    },

    async "with more than is read"() {
      const { chat, close } = open("sim/sim?tokens=4", { messages: history(1_100_000) });
      await chat.sendMessage({ text: "And?" });
      close();
      return { status: chat.status, error: chat.error?.message };
    },

    async "not said"() {
      const { chat, close } = open("sim/sim", { id: "" });
      await chat.sendMessage({ text: "Hello?" });
      close();
      return sight(chat);
    },
  };
}

/** All versions over HTTP, and version 7 over a WebSocket as well. */
export function aiSdkScenarios(headers) {
  const http = (sdk) => (body) =>
    new sdk.DefaultChatTransport({ api, headers, body, fetch: fetchWithComments });
  const socket = (body) =>
    new v7.WebSocketChatTransport({
      url: `${base}/api/ai/ws`,
      body,
      // Node has a WebSocket of its own from version 22 on, and none of them can send a cookie.
      webSocket: class extends WebSocket {
        constructor(url, protocols) {
          super(url, protocols, { headers });
        }
      },
    });
  const hangUp = (chat) => chat.stop(); // which over HTTP ends the client's own request, and no more
  const flavours = {
    v5: scenarios(v5, http(v5), hangUp, headers),
    v6: scenarios(v6, http(v6), hangUp, headers),
    v7: scenarios(v7, http(v7), hangUp, headers),
    "v7 socket": scenarios(v7, socket, (_, close) => close(), headers),
  };
  return Object.fromEntries(
    Object.entries(flavours).flatMap(([flavour, all]) =>
      Object.entries(all).map(([name, scenario]) => [`${flavour}: ${name}`, scenario]),
    ),
  );
}
