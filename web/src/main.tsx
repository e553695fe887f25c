import { Api, ChatClient } from "@millrace/client";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { Auth } from "./auth/auth.ts";
import { conversationView } from "./chat/conversationView.ts";
import { sharedView } from "./shared/sharedView.tsx";
import { finishDeletions, useDeletions } from "./state/deletions.ts";
import "./global.css";

// The server may be mounted under a prefix: the <base> element says where.
const home = new URL(document.baseURI);
const base = home.pathname.replace(/\/$/, "");
const api = new Api({ baseUrl: home.origin + base });
const storage = storageOfTab();
const client = new ChatClient({ api, storage });
const auth = new Auth(api);

// A conversation is about to be shown: what shows it comes while its messages do.
if (location.pathname.startsWith(`${base}/chat/`)) void conversationView.load();
addEventListener("pagehide", () => useDeletions.getState().leave(storage));

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
// Whoever reads a shared conversation needs no sign-in, and is not made a guest.
const secret = /^\/shared\/([\w-]+)\/?$/.exec(location.pathname.slice(base.length))?.[1];
if (secret) void sharedView.load();
else void finishDeletions(client, storage);
createRoot(root).render(
  <StrictMode>
    {secret ? (
      <sharedView.Component api={api} secret={secret} />
    ) : (
      <App client={client} auth={auth} base={base} />
    )}
  </StrictMode>,
);

function storageOfTab(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    // Forbidden by the browser's settings: unsent messages then live as long as the page.
    return null;
  }
}
