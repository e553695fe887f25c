import { violationsEverywhere } from "../fixtures/axe.ts";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "tokens=30&interval_ms=2", serverArgs: ["--auth", "accounts"] });

test("register, chat, sign out, and sign in again", async ({ page, stack }) => {
  const chat = new ChatPage(page);
  await page.goto(`${stack.url}/chat`);
  await expect(page).toHaveURL(/\/login$/);
  expect(await violationsEverywhere(page, "login")).toEqual([]);
  await page.getByTestId("email-input").fill("ada@example.org");
  await page.getByTestId("password-input").fill("not the password");
  await page.getByTestId("login-button").click();
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await chat.keep("login-error-light");

  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByTestId("password-input").fill("correct horse battery");
  await page.getByTestId("login-button").click();
  await expect(page).toHaveURL(/\/chat$/);
  await expect(chat.connection).toHaveAttribute("data-state", "connected");
  await chat.ask("Mine alone");
  await chat.settled();

  await page.getByRole("button", { name: "Settings" }).click();
  await expect(page.getByText("Signed in as")).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/login$/);
  await page.getByTestId("email-input").fill("ada@example.org");
  await page.getByTestId("password-input").fill("correct horse battery");
  await page.getByTestId("login-button").click();
  await expect(chat.sessions).toHaveCount(1);
  await chat.sessions.getByRole("link").click();
  await expect(chat.questions).toHaveText("Mine alone");

  // Who may see what the server does is asked to sign in, and told whether they may.
  await page.context().clearCookies();
  await page.goto(`${stack.url}/ops`);
  await expect(page).toHaveURL(/\/login\?to=ops$/);
  await page.getByTestId("email-input").fill("ada@example.org");
  await page.getByTestId("password-input").fill("correct horse battery");
  await page.getByTestId("login-button").click();
  await expect(page).toHaveURL(/\/ops$/);
  await expect(page.getByRole("heading", { name: "For operators" })).toBeVisible();
  await expect(page.getByText("auth.operators")).toBeVisible();
  expect(await violationsEverywhere(page, "ops-denied")).toEqual([]);
});
