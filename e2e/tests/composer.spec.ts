import { violationsEverywhere } from "../fixtures/axe.ts";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "text=mixed&tokens=900&interval_ms=10&reasoning=300" });

test("how an answer is thought, written and shown is the reader's choice", async ({
  page,
  stack,
}) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await page.getByTestId("model-button").click();
  await page.getByPlaceholder("Find a model…").fill("embedded");
  expect(await violationsEverywhere(page, "models")).toEqual([]);
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("model-button")).toHaveText("passages");
  await page.getByTestId("model-button").click();
  await page.getByRole("option", { name: "default" }).click();
  await page.getByTestId("thinking-button").click();
  await page.getByRole("menuitemradio", { name: /Deep/ }).click();
  await chat.keep("thinking-menu-light");
  await page.keyboard.press("Escape");

  await chat.ask("Think, and then write");
  const thinking = page.getByTestId("thinking");
  await expect(thinking).toHaveAttribute("open");
  await expect(thinking).toContainText("Thinking for");
  await chat.keep("thinking-light");
  await chat.textOf(chat.texts.first(), 20);
  await expect(thinking).not.toHaveAttribute("open");
  await expect(thinking).toContainText("Thought for");
  await expect(page.getByTestId("token-rate")).toContainText("tokens/s");

  // Held, nothing moves, and nothing is lost.
  await page.getByTestId("pause-button").click();
  await expect(page.getByRole("button", { name: "Continue" })).toBeVisible();
  await page.waitForFunction(() => {
    const text = () => document.querySelector("[data-testid=answer-text]")?.textContent ?? "";
    const before = text();
    return new Promise((resolve) => setTimeout(() => resolve(before === text()), 700));
  });
  await chat.ask("A second one");
  await expect(page.getByTestId("queue")).toContainText("A second one");
  expect(await violationsEverywhere(page, "queue")).toEqual([]);
  await page.getByTestId("pause-button").click();
  await page.keyboard.press("Escape");
  await expect(chat.answers.first()).toHaveAttribute("data-status", "cancelled");
  await expect(page.getByTestId("queue")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await chat.settled();
  await page.getByTestId("facts-button").first().click();
  await expect(page.getByTestId("facts")).toContainText("Provider");
  expect(await violationsEverywhere(page, "facts")).toEqual([]);
  await page.keyboard.press("Escape");

  // Not in real time: nothing of the text until all of it.
  await page.getByTestId("thinking-button").click();
  await page.getByRole("menuitemcheckbox", { name: /Real-time/ }).click();
  await page.keyboard.press("Escape");
  await stack.behave("text=mixed&tokens=120&interval_ms=10&reasoning=40");
  await chat.ask("At once");
  await expect(chat.streaming).toContainText("Writing the whole answer");
  await expect(chat.answers.nth(2).getByTestId("answer-text")).toHaveCount(0);
  await chat.settled();
  await expect(chat.answers.nth(2)).toHaveAttribute("data-status", "complete");
});
