import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "tokens=30&interval_ms=2" });

test("conversations are listed, renamed, left for another and deleted", async ({ page, stack }) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await chat.ask("About water");
  await chat.settled();
  await page.getByTestId("new-chat-button").click();
  await expect(page).toHaveURL(/\/chat$/);
  await expect(chat.answers).toHaveCount(0);
  await chat.ask("About wind");
  await chat.settled();
  await expect(chat.sessions).toHaveCount(2);

  await chat.sessions.filter({ hasText: "About water" }).getByRole("link").click();
  await expect(chat.questions).toHaveText("About water");
  const more = chat.sessions.filter({ hasText: "About water" }).getByRole("button");
  await more.click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("Rivers");
  await page.getByRole("textbox", { name: "Title" }).press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Rivers");
  await page.reload();
  await expect(chat.sessions.filter({ hasText: "Rivers" })).toHaveCount(1);

  await chat.sessions.filter({ hasText: "Rivers" }).getByRole("button").click();
  await chat.keep("menu-light");
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await chat.keep("delete-light");
  await page.getByRole("button", { name: "Delete" }).click();
  await expect(chat.sessions).toHaveCount(1);
  await expect(page).toHaveURL(/\/chat$/);
});

test("another person's conversation is not there", async ({ page, stack, browser }) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await chat.ask("A secret");
  await chat.settled();
  const stranger = await browser.newPage();
  await stranger.goto(page.url());
  await expect(stranger.getByText("This conversation is not here")).toBeVisible();
  await expect(stranger.getByText("A secret")).toHaveCount(0);
  await stranger.close();
});

test("the theme follows the choice and stays", async ({ page, stack }) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitemradio", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await chat.keep("theme-menu-dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});
