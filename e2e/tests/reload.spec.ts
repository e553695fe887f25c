import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "text=prose&tokens=80&interval_ms=10&reasoning=150" });

test("after a reload an answer is shown as it was, and a model that is gone is not asked", async ({
  page,
  stack,
}) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await page.getByTestId("thinking-button").click();
  await page.getByRole("menuitemradio", { name: /Deep/ }).click();
  await page.keyboard.press("Escape");
  await chat.ask("Think about mills, step by step");
  await expect(chat.answers.first()).toHaveAttribute("data-status", "complete");
  await chat.settled();
  const thinking = page.getByTestId("thinking");
  const shown = async () => {
    if ((await thinking.getAttribute("open")) === null) await thinking.locator("summary").click();
    await expect(thinking.getByRole("listitem").first()).toBeVisible();
    await page.getByTestId("facts-button").click();
    const facts = await page.getByTestId("facts").innerText();
    await page.keyboard.press("Escape");
    return [await thinking.innerText(), await chat.texts.first().innerText(), facts];
  };
  const before = await shown();
  expect(before[0]).toMatch(/^Thought for/);
  await page.reload();
  await expect(chat.answers).toHaveCount(1);
  await chat.settled();
  expect(await shown()).toEqual(before);

  // The choice outlives the model.
  await page.evaluate(() => {
    const choices = JSON.parse(localStorage.getItem("millrace.choices") ?? "{}");
    choices.state.model = "gone/model";
    localStorage.setItem("millrace.choices", JSON.stringify(choices));
  });
  await page.reload();
  await expect(page.getByTestId("model-button")).toHaveText("sim");
  await chat.ask("Are you still there?");
  await chat.settled();
  await expect(chat.answers.nth(1)).toHaveAttribute("data-status", "complete");
});
