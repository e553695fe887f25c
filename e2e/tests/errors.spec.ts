import { violationsEverywhere } from "../fixtures/axe.ts";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.describe("a provider that fails once", () => {
  // In the model's name, because the list of models is to be answered all the same.
  test.use({
    behaviour: "",
    serverArgs: [
      "--model",
      "openai/sim?tokens=40&interval_ms=5&fault=error_event&after=0&fail_times=1&key=once",
    ],
  });

  test("says what to do, and answers on the second try in the same place", async ({
    page,
    stack,
  }) => {
    const chat = new ChatPage(page);
    await chat.open(stack.url);
    await chat.ask("Are you there?");
    await expect(
      page.getByRole("alert").filter({ hasText: "The model could not answer" }),
    ).toBeVisible();
    expect(await violationsEverywhere(page, "error")).toEqual([]);
    await page.getByTestId("retry-button").click();
    await chat.settled();
    await expect(chat.answers).toHaveCount(1);
    await expect(chat.answers.first()).toHaveAttribute("data-status", "complete");
  });
});

test.describe("a provider that is cut off", () => {
  test.use({
    behaviour: "",
    serverArgs: ["--model", "openai/sim?tokens=200&interval_ms=5&fault=cut&after=60"],
  });

  test("keeps what was written", async ({ page, stack }) => {
    const chat = new ChatPage(page);
    await chat.open(stack.url);
    await chat.ask("Until the cut");
    await expect(chat.answers.first()).toHaveAttribute("data-status", "failed");
    expect((await chat.texts.first().innerText()).length).toBeGreaterThan(100);
    await chat.ask("Still working?");
    await expect(chat.answers.nth(1)).toHaveAttribute("data-status", "failed");
  });
});
