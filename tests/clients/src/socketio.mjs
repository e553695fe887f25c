// socket.io-client: the events of `tokens`, and the rooms of `study`, over polling and over WebSocket.

import { io } from "socket.io-client";
import { base, until } from "./support.mjs";

const WAYS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };

/** A client that keeps what it is told, by event. */
function connect(headers, transports, options = {}) {
  const socket = io(base, {
    transports,
    extraHeaders: headers,
    forceNew: true,
    reconnectionDelay: 20,
    ...options,
  });
  const told = [];
  socket.onAny((name, data) => told.push([name, data]));
  const of = (name) => told.filter(([each]) => each === name).map(([, data]) => data);
  const first = (name) => until(() => of(name)[0], name);
  const text = (name) =>
    of(name)
      .map((data) => data.token)
      .join("");
  return { socket, told, of, first, text };
}

const ask = (client, name, data) => client.socket.timeout(20_000).emitWithAck(name, data);

async function answer(headers, transports) {
  const client = connect(headers, transports);
  const ack = await ask(client, "chat_stream", {
    message: "Talk.",
    model: "sim/sim?tokens=80&text=mixed&seed=21",
  });
  const end = await client.first("chat_complete");
  const transport = client.socket.io.engine.transport.name;
  client.socket.disconnect();
  return { ack, end, text: client.text("chat_token"), transport };
}

/** Loses the connection again and again; each time it comes back it says where it is. */
async function resumed(headers, transports) {
  const client = connect(headers, transports);
  const model = "sim/sim?tokens=150&interval_ms=4&seed=5";
  const ack = await ask(client, "chat_stream", { message: "Talk.", model });
  const seq = () => client.of("chat_token").at(-1)?.seq ?? -1;
  client.socket.on("connect", () =>
    client.socket.emit("chat_resume", { turn_id: ack.turn_id, after_seq: seq() }),
  );
  for (let cut = 0; cut < 3; cut++) {
    const known = client.of("chat_token").length;
    await until(
      () => client.of("chat_token").length > known + 3 || client.of("chat_complete").length,
      "more",
    );
    client.socket.io.engine.close();
  }
  const end = await client.first("chat_complete");
  client.socket.disconnect();
  return { end, text: client.text("chat_token") };
}

async function stopped(headers) {
  const client = connect(headers, WAYS.websocket);
  const ack = await ask(client, "chat_stream", {
    message: "Talk.",
    model: "sim/sim?tokens=2000&interval_ms=5",
  });
  await until(() => client.of("chat_token").length > 3, "tokens");
  const stop = await ask(client, "chat_stop", { session_id: ack.session_id });
  const end = await client.first("chat_complete");
  client.socket.disconnect();
  return { ack, stop, end, text: client.text("chat_token") };
}

async function refused(headers) {
  const client = connect(headers, WAYS.upgrade);
  const acks = [];
  for (const [name, data] of [
    ["chat_stream", {}],
    ["chat_stream", { message: "Hi", session_id: "nobodys" }],
    ["chat_stop", { session_id: "nobodys" }],
    ["chat_resume", { turn_id: "gone" }],
    ["chat_shout", { message: "Hi" }],
  ])
    acks.push(await ask(client, name, data));
  const broken = connect(headers, WAYS.websocket);
  await ask(broken, "chat_stream", {
    message: "Talk.",
    model: "sim/sim?tokens=30&fault=cut&after=5",
  });
  const failure = await broken.first("chat_error");
  const stranger = io(base, { auth: { token: "nonsense" }, forceNew: true, reconnection: false });
  const error = await new Promise((resolve) => stranger.once("connect_error", resolve));
  for (const socket of [client.socket, broken.socket, stranger]) socket.disconnect();
  return {
    acks,
    errors: client.of("chat_error"),
    failure,
    error: { message: error.message, data: error.data },
  };
}

/** What is sent while there is no connection is sent later, and asked once, however often it is sent. */
async function offline(headers) {
  const client = connect(headers, WAYS.websocket, { autoConnect: false });
  const question = {
    message: "Once.",
    model: "sim/sim?tokens=5&seed=2",
    request_id: crypto.randomUUID(),
  };
  const acks = [ask(client, "chat_stream", question), ask(client, "chat_stream", question)];
  client.socket.connect();
  const [one, two] = await Promise.all(acks);
  await client.first("chat_complete");
  client.socket.disconnect();
  return { one, two, text: client.text("chat_token") };
}

async function rooms(headers) {
  const tabs = [
    connect(headers, WAYS.websocket),
    connect(headers, WAYS.polling),
    connect(headers, WAYS.upgrade),
  ];
  await until(() => tabs.every(({ socket }) => socket.connected), "all tabs");
  const response = await fetch(`${base}/api/v1/chat/completions/stream`, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify({ message: "Talk.", model: "sim/sim?tokens=60&interval_ms=2&seed=8" }),
  });
  const whole = await response.json();
  const ends = await Promise.all(tabs.map((tab) => tab.first("chat-stream-complete")));
  for (const { socket } of tabs) socket.disconnect();
  return { whole, ends, texts: tabs.map((tab) => tab.text("chat-stream-token")) };
}

export function socketIoScenarios(headers) {
  const scenarios = {};
  for (const [way, transports] of Object.entries(WAYS)) {
    scenarios[`socket.io ${way}: answer`] = () => answer(headers, transports);
    scenarios[`socket.io ${way}: resumed`] = () => resumed(headers, transports);
  }
  return {
    ...scenarios,
    "socket.io: stopped": () => stopped(headers),
    "socket.io: refused": () => refused(headers),
    "socket.io: offline": () => offline(headers),
    "socket.io: rooms": () => rooms(headers),
  };
}
