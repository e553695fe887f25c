import { violations, violationsEverywhere } from "../fixtures/axe.ts";
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
  await page.getByRole("menuitem", { name: "Pin" }).click();
  await expect(page.getByRole("region", { name: "Pinned" })).toContainText("Rivers");

  await chat.sessions.filter({ hasText: "Rivers" }).getByRole("button").click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(chat.sessions).toHaveCount(1);
  await expect(page).toHaveURL(/\/chat$/);
  await chat.keep("deleted-light");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(chat.sessions).toHaveCount(2);

  // Everything that was said can be found, and gone to.
  await page.keyboard.press("ControlOrMeta+k");
  await page.getByTestId("palette-input").fill("about wind");
  await expect(page.getByTestId("search-result")).toHaveCount(1);
  await chat.keep("palette-light");
  expect(await violations(page)).toEqual([]);
  await page.getByTestId("search-result").click();
  await expect(chat.questions).toHaveText("About wind");

  // A question is asked otherwise in a branch; the conversation as it was stays.
  await chat.ask("And in winter?");
  await chat.settled();
  await chat.questions.last().hover();
  await page.getByTestId("edit-button").last().click();
  await page.getByTestId("edit-input").fill("And in summer?");
  expect(await violationsEverywhere(page, "edit")).toEqual([]);
  await page.getByRole("button", { name: "Ask in a branch" }).click();
  await expect(chat.questions).toHaveText(["About wind", "And in summer?"]);
  await chat.settled();
  await expect(chat.sessions).toHaveCount(3);

  // A deletion that nobody takes back outlives the page.
  await chat.sessions.filter({ hasText: "Rivers" }).getByRole("button").click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(chat.sessions).toHaveCount(2);
  await page.reload();
  await expect(chat.sessions).toHaveCount(2);
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
  expect(await violationsEverywhere(stranger, "missing")).toEqual([]);
  await stranger.close();
});

test("settings follow the choice and stay", async ({ page, stack }) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByText("Dark", { exact: true }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByRole("switch", { name: "Estimate how I fare" }).click();
  await chat.keep("settings-dark");
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Settings" })).toBeFocused();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await chat.keep("shortcuts-dark");
  await page.keyboard.press("Escape");
  await chat.ask("I do not understand this at all, it is hopeless");
  await chat.settled();
  await expect(page.getByTestId("emotion-chip")).toHaveCount(0);
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});
