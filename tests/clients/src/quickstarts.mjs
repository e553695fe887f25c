// Runs the programs of docs/quickstart as they stand there, one after the other, and prints what each of them wrote.

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import WebSocket from "ws";
import { base, guest, until } from "./support.mjs";

const PAGES = fileURLToPath(new URL("../../../docs/quickstart/", import.meta.url));
const CLIENT = fileURLToPath(new URL("../../../clients/client/src/index.ts", import.meta.url));
const HERE = fileURLToPath(new URL(".", import.meta.url));
const answer = process.env.MILLRACE_ANSWER;
/** What a program writes at its end, where that is not the answer, and how often it tells the answer, where not once. */
const LAST = {
  "chat.md 1": " tokens\n",
  "study.md 1": "[1] The mill\n",
  "tokens.md 1": " tokens/s\n",
  "tokens.md 2": " tokens\n",
};
const TIMES = { "stream.md 1": 2, "session.md 1": 2, "study.md 1": 0 };

/** Puts what a program imports into it, as the bundler of a reader does. */
async function bundle(code, path) {
  const entry = {
    name: "quick start",
    resolveId: (id) =>
      id === "quick-start.tsx" ? join(HERE, id) : id === "./client.js" ? CLIENT : null,
    load: (id) => (id === join(HERE, "quick-start.tsx") ? { code, moduleType: "tsx" } : null),
  };
  const built = await rolldown({
    input: "quick-start.tsx",
    platform: "node",
    plugins: [entry],
    transform: { jsx: "react-jsx" },
    onLog: () => undefined,
  });
  await built.write({ file: path, format: "esm", codeSplitting: false });
  await built.close();
}

/** Imports a program, and collects what it writes until `done` is content. */
async function written(path, done) {
  const { write } = process.stdout;
  let output = "";
  process.stdout.write = (text) => {
    output += text;
    return true;
  };
  const { log, error } = console;
  console.log = console.error = (...words) => {
    output += `${words.join(" ")}\n`;
  };
  try {
    await import(path);
    await until(() => done(output), "what it should write");
  } catch (cause) {
    throw new Error(`${cause.message}; it wrote: ${output}`);
  } finally {
    process.stdout.write = write;
    Object.assign(console, { log, error });
  }
  return output;
}

/** A browser with one page at the server's address, as far as React needs one. */
async function browser() {
  const { Window } = await import("happy-dom");
  const window = new Window({ url: `${base}/my-chat` });
  const visitor = await guest();
  const { fetch } = globalThis;
  window.document.body.innerHTML = '<div id="root"></div>';
  const names = ["document", "location", "navigator", "sessionStorage", "FormData"];
  const own = Object.fromEntries(names.map((name) => [name, window[name]]));
  own.window = window;
  own.HTMLIFrameElement = window.HTMLIFrameElement;
  own.fetch = (path, init) =>
    fetch(new URL(path, base), { ...init, headers: { ...init?.headers, ...visitor } });
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  return window.document;
}

const MAIN = `
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
const root = createRoot(document.getElementById("root"));
root.render(<StrictMode><App /></StrictMode>);
globalThis.unmount = () => root.unmount();
`;

/** Asks as a person does, and tells what the page shows in the end. */
async function shown(path) {
  const document = await browser();
  await import(path);
  await until(() => document.body.textContent.includes("connected by"), "a connection");
  const state = document.querySelector("small").textContent;
  document.querySelector("input").value = "What is a mill race?";
  document.querySelector("form button").click();
  await until(() => document.querySelector('p[data-status="complete"]:last-of-type'), "the answer");
  const lines = [...document.querySelectorAll("p")].map((line) => line.textContent);
  globalThis.unmount();
  return [state, ...lines].join("\n");
}

const folder = await mkdtemp(join(tmpdir(), "millrace-quickstart-"));
const programs = [];
for (const page of (await readdir(PAGES)).sort()) {
  const text = await readFile(PAGES + page, "utf8");
  for (const [, language, code] of text.matchAll(/^```(js|tsx)\n(.*?)^```/gms)) {
    const number = 1 + programs.filter((one) => one.page === page).length;
    programs.push({ page, name: `${page} ${number}`, language, code });
  }
}
const seen = {};
try {
  // Those for React last: from then on this looks like a browser.
  programs.sort((a, b) => a.language.localeCompare(b.language));
  for (const { page, name, language, code } of programs) {
    const path = join(folder, `${name.replace(" ", "-")}.mjs`);
    let here = code
      .replaceAll("http://127.0.0.1:8000", base)
      .replaceAll("ws://127.0.0.1:8000", base.replace("http", "ws"));
    // The simulated model cites nothing; the built-in one does.
    if (page === "study.md")
      here = here.replace("{ user_query:", '{ model: "embedded/passages", user_query:');
    const times = TIMES[name] ?? 1;
    const done = (output) =>
      output.split(answer).length > times && output.endsWith(LAST[name] ?? output);
    // Our own client runs in a Node that has no WebSocket, too.
    globalThis.WebSocket = page === "javascript.md" ? undefined : WebSocket;
    try {
      await bundle(language === "tsx" ? here + MAIN : here, path);
      seen[name] = { output: await (language === "tsx" ? shown(path) : written(path, done)) };
    } catch (error) {
      seen[name] = { thrown: String(error.stack) };
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
process.stdout.write(JSON.stringify({ headers: {}, seen }), () => process.exit());
