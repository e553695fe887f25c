import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "text=markdown&tokens=120&interval_ms=1" });

test("a conversation is shared by a link, read by anybody, and taken back", async ({
  page,
  stack,
  browser,
}) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await expect(page.getByTestId("share-button")).toHaveCount(0);
  await chat.ask("What turns a mill?");
  await chat.settled();
  await page.getByTestId("share-button").click();
  await page.getByTestId("create-share").click();
  const address = await page.getByTestId("share-address").inputValue();
  expect(new URL(address).origin).toBe(stack.url);

  // Somebody else, without a sign-in.
  const context = await browser.newContext();
  const reader = await context.newPage();
  const answer = await reader.goto(address);
  expect(answer?.headers()["x-robots-tag"]).toContain("noindex");
  await expect(reader.getByTestId("user-message")).toHaveText("What turns a mill?");
  await expect(reader.getByTestId("ai-message")).toHaveCount(1);
  await expect(reader.getByTestId("message-input")).toHaveCount(0);
  expect(await context.cookies()).toEqual([]);

  // The address is told once; the link is still known, and can be revoked.
  await page.keyboard.press("Escape");
  await page.getByTestId("share-button").click();
  await expect(page.getByTestId("share-link")).toHaveCount(1);
  await expect(page.getByTestId("share-address")).toHaveCount(0);
  await chat.keep("share-known-light");
  await page.getByRole("button", { name: /^Revoke/ }).click();
  await expect(page.getByTestId("share-link")).toHaveCount(0);
  expect((await reader.reload())?.status()).toBe(404);
  await expect(reader.getByText("This link leads nowhere")).toBeVisible();
  await context.close();
});
