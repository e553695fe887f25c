import { ApiError, type AuthMode } from "@millrace/client";
import { type FormEvent, useId, useState } from "react";
import { Button } from "../ui/Button.tsx";
import { Logo } from "../ui/Logo.tsx";
import type { Auth } from "./auth.ts";
import styles from "./login.module.css";

interface LoginPageProps {
  readonly auth: Auth;
  readonly mode: AuthMode;
}

export function LoginPage({ auth, mode }: LoginPageProps) {
  return (
    <main className={styles["page"]}>
      <div className={styles["card"]}>
        <Logo size={40} />
        {mode === "jwt" ? <External /> : <Form auth={auth} />}
      </div>
    </main>
  );
}

function External() {
  return (
    <>
      <h1>Sign in where you came from</h1>
      <p>
        This server takes its users from another application. Sign in there and open the chat from
        it again.
      </p>
    </>
  );
}

const SHORTEST_PASSWORD = 8;

function Form({ auth }: Pick<LoginPageProps, "auth">) {
  const [registering, setRegistering] = useState(false);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const errorId = useId();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await (registering ? auth.register(email, password) : auth.signIn(email, password));
    } catch (cause) {
      setError(cause instanceof ApiError ? cause.message : "Something went wrong. Try again.");
      setBusy(false);
    }
  };

  return (
    <form onSubmit={submit} className={styles["form"]} aria-describedby={errorId}>
      <h1>{registering ? "Create your account" : "Welcome back"}</h1>
      <p>
        {registering ? "Your conversations stay on this server." : "Sign in to go on chatting."}
      </p>
      <label>
        Email
        <input
          data-testid="email-input"
          type="email"
          autoComplete="email"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </label>
      <label>
        Password
        <input
          data-testid="password-input"
          type="password"
          autoComplete={registering ? "new-password" : "current-password"}
          minLength={registering ? SHORTEST_PASSWORD : undefined}
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {registering && <small>At least {SHORTEST_PASSWORD} characters.</small>}
      </label>
      <div id={errorId} role="alert" className={styles["error"]}>
        {error}
      </div>
      <Button type="submit" look="primary" disabled={busy} data-testid="login-button">
        {registering ? "Create account" : "Sign in"}
      </Button>
      <button
        type="button"
        className={styles["switch"]}
        onClick={() => {
          setRegistering(!registering);
          setError(null);
        }}
      >
        {registering ? "I have an account" : "Create an account"}
      </button>
    </form>
  );
}
