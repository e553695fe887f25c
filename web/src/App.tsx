import type { Api, ChatClient } from "@millrace/client";
import { ChatProvider, useReadable } from "@millrace/react";
import { useEffect } from "react";
import { Redirect, Route, Router, Switch, useSearch } from "wouter";
import styles from "./app.module.css";
import type { Auth } from "./auth/auth.ts";
import { LoginPage } from "./auth/LoginPage.tsx";
import { ChatPage } from "./chat/ChatPage.tsx";
import { opsView } from "./ops/opsView.tsx";
import { Button } from "./ui/Button.tsx";
import { Logo } from "./ui/Logo.tsx";
import { Toaster } from "./ui/Toaster.tsx";

/** How often a server that did not answer is asked again. */
const RETRY_MS = 3000;

interface AppProps {
  readonly client: ChatClient;
  readonly auth: Auth;
  /** The path under which the page is served, without a slash at its end. */
  readonly base: string;
}

export function App({ client, auth, base }: AppProps) {
  const state = useReadable(auth.state);
  useEffect(() => void auth.load(), [auth]);
  const unreachable = state.kind === "unreachable";
  useEffect(() => {
    if (!unreachable) return;
    const timer = setInterval(() => void auth.load(), RETRY_MS);
    return () => clearInterval(timer);
  }, [auth, unreachable]);
  useEffect(
    () =>
      client.connection.subscribe(() => {
        const { state: connection, error } = client.connection.get();
        if (connection !== "error" || error?.code !== "UNAUTHORIZED") return;
        void auth.renew().then((known) => known && client.reconnect());
      }),
    [client, auth],
  );
  // One connection per person: whoever signs in after another gets a new one.
  const user = state.kind === "known" ? state.session.user : null;

  if (state.kind === "loading") return <output className={styles["splash"]}>Loading…</output>;
  if (state.kind === "unreachable") {
    return (
      <main className={styles["splash"]}>
        <Logo size={40} />
        <h1>The server does not answer</h1>
        <p>{state.error.message}</p>
        <Button look="primary" onClick={() => void auth.load()}>
          Try again
        </Button>
      </main>
    );
  }
  return (
    <Router base={base}>
      <Switch>
        <Route path="/ops">
          {user === null ? (
            <Redirect to="/login?to=ops" replace />
          ) : (
            <Operations api={client.api} />
          )}
        </Route>
        <Route>
          <ChatProvider client={client} connect={user !== null}>
            {user === null ? (
              <Switch>
                <Route path="/login">
                  <LoginPage auth={auth} mode={state.session.mode} />
                </Route>
                <Route>
                  <Redirect to="/login" replace />
                </Route>
              </Switch>
            ) : (
              <Switch>
                <Route path="/chat/:sessionId?">
                  {({ sessionId }) => (
                    <ChatPage sessionId={sessionId ?? null} user={user} auth={auth} />
                  )}
                </Route>
                <Route>
                  <Inside />
                </Route>
              </Switch>
            )}
          </ChatProvider>
        </Route>
      </Switch>
      <Toaster />
    </Router>
  );
}

/** Where somebody goes who has signed in: to where they wanted to. */
function Inside() {
  const wanted = new URLSearchParams(useSearch()).get("to");
  return <Redirect to={wanted === "ops" ? "/ops" : "/chat"} replace />;
}

function Operations({ api }: { api: Api }) {
  useEffect(() => void opsView.load(), []);
  return <opsView.Component api={api} />;
}
