import { Api } from "@millrace/client";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { Auth } from "../src/auth/auth.ts";
import { LoginPage } from "../src/auth/LoginPage.tsx";

afterEach(cleanup);

const USER = { id: "u1", name: "Ada", kind: "account" } as const;

async function mount(login: () => Response) {
  const requests: unknown[] = [];
  const api = new Api({
    fetch: async (input, init) => {
      if (String(input).endsWith("/session"))
        return Response.json({ mode: "accounts", user: null });
      requests.push([String(input), JSON.parse(String(init?.body))]);
      return login();
    },
  });
  const auth = new Auth(api);
  await auth.load();
  render(<LoginPage auth={auth} mode="accounts" />);
  const user = userEvent.setup();
  await user.type(screen.getByTestId("email-input"), "ada@example.org");
  await user.type(screen.getByTestId("password-input"), "correct horse");
  return { auth, user, requests };
}

describe("signing in", () => {
  it("makes the caller known", async () => {
    const { auth, user, requests } = await mount(() => Response.json({ user: USER }));
    await user.click(screen.getByTestId("login-button"));
    expect(auth.state.get()).toMatchObject({ kind: "known", session: { user: USER } });
    expect(requests).toEqual([
      ["/api/auth/login", { email: "ada@example.org", password: "correct horse" }],
    ]);
  });

  it("says why it did not work, and lets one try again", async () => {
    const problem = { title: "No", status: 401, code: "UNAUTHORIZED", detail: "Wrong password." };
    const { auth, user } = await mount(() => Response.json(problem, { status: 401 }));
    await user.click(screen.getByTestId("login-button"));
    expect(screen.getByRole("alert").textContent).toBe("Wrong password.");
    expect(auth.state.get()).toMatchObject({ session: { user: null } });
    expect(screen.getByTestId<HTMLButtonElement>("login-button").disabled).toBe(false);
  });

  it("registers a new account", async () => {
    const { user, requests } = await mount(() => Response.json({ user: USER }, { status: 201 }));
    await user.click(screen.getByRole("button", { name: "Create an account" }));
    await user.click(screen.getByTestId("login-button"));
    expect(requests).toMatchObject([["/api/auth/register", { email: "ada@example.org" }]]);
  });
});
