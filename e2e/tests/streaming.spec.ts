import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test("an answer appears piece by piece and is there after a reload", async ({ page, stack }) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await chat.ask("How does a mill race work?");
  await expect(chat.questions).toHaveText("How does a mill race work?");
  await expect(chat.stop).toBeVisible();
  const answer = chat.answers.first();
  const text = chat.texts.first();
  const early = await chat.textOf(text, 40);
  await expect(chat.streaming).toBeVisible();
  await chat.keep("streaming-light");
  const later = await chat.textOf(text, early.length + 100);
  expect(later.length).toBeGreaterThan(early.length);
  await chat.settled();
  await expect(answer).toHaveAttribute("data-status", "complete");
  await expect(chat.stop).toBeHidden();
  await expect(page).toHaveURL(/\/chat\/.+/);
  await expect(chat.sessions).toHaveCount(1);
  const whole = await text.innerText();
  await page.reload();
  await expect(chat.answers.first()).toHaveAttribute("data-status", "complete");
  await expect(chat.texts.first()).toHaveText(whole, { useInnerText: true });
});

test("stop closes the request to the provider and keeps what was written", async ({
  page,
  stack,
}) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await chat.ask("Tell me everything");
  await chat.textOf(chat.texts.first(), 40);
  await chat.stop.click();
  await expect(chat.answers.first()).toHaveAttribute("data-status", "cancelled");
  await expect(page.getByText("Stopped. What was written is kept.")).toBeVisible();
  await chat.keep("stopped-light");
  await expect.poll(async () => (await stack.requests()).at(-1)?.closed_by).toBe("client");
  const partial = await chat.texts.first().innerText();
  await page.reload();
  await expect(chat.answers.first()).toHaveAttribute("data-status", "cancelled");
  await expect(chat.texts.first()).toHaveText(partial, { useInnerText: true });
});

test("a reload in the middle of an answer resumes it, and nothing is missing or twice", async ({
  page,
  stack,
}) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await chat.ask("Go on and on");
  await chat.textOf(chat.texts.first(), 60);
  await expect(page).toHaveURL(/\/chat\/.+/);
  await page.reload();
  await expect(chat.questions).toHaveCount(1);
  await expect(chat.answers).toHaveCount(1);
  await expect(chat.streaming).toBeVisible();
  await chat.settled();
  await expect(chat.answers.first()).toHaveAttribute("data-status", "complete");
  const resumed = await chat.texts.first().innerText();
  await page.reload();
  await expect(chat.answers.first()).toHaveAttribute("data-status", "complete");
  await expect(chat.texts.first()).toHaveText(resumed, { useInnerText: true });
});

test.describe("an answer that takes its time", () => {
  test.use({ behaviour: "text=markdown&tokens=240&interval_ms=40" });

  test("a second tab sees the same answer as it is written, and what is asked next", async ({
    page,
    stack,
    context,
  }) => {
    const first = new ChatPage(page);
    await first.open(stack.url);
    await first.ask("One question");
    await first.textOf(first.texts.first(), 40);
    await expect(page).toHaveURL(/\/chat\/.+/);
    const second = new ChatPage(await context.newPage());
    await second.open(page.url());
    await expect(second.streaming).toBeVisible();
    await Promise.all([first.settled(), second.settled()]);
    expect(await second.texts.first().innerText()).toBe(await first.texts.first().innerText());

    await first.ask("And another");
    await expect(second.questions).toHaveCount(2);
    await expect(second.answers.nth(1)).toHaveAttribute("data-status", "streaming");
    await second.stop.click();
    await expect(first.answers.nth(1)).toHaveAttribute("data-status", "cancelled");
    await expect(second.answers.nth(1)).toHaveAttribute("data-status", "cancelled");
  });
});

test("what is sent during an answer waits its turn", async ({ page, stack }) => {
  await stack.behave("text=markdown&tokens=240&interval_ms=40");
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await chat.ask("First");
  await expect(chat.answers.first()).toHaveAttribute("data-status", "streaming");
  await chat.ask("Second");
  await expect(chat.answers.nth(1)).toHaveAttribute("data-status", "queued");
  await stack.behave("text=markdown&tokens=40&interval_ms=2");
  await chat.keep("queued-light");
  await chat.settled();
  await expect(chat.answers.nth(1)).toHaveAttribute("data-status", "complete");
  await expect(chat.questions).toHaveText(["First", "Second"]);
});

test("another version of an answer, and back to the first", async ({ page, stack }) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await chat.ask("Once more");
  await chat.settled();
  await page.getByRole("button", { name: "Answer again" }).click();
  await expect(chat.streaming).toBeVisible();
  await chat.settled();
  await expect(page.getByText("2 / 2")).toBeVisible();
  await page.getByRole("button", { name: "Previous version" }).click();
  await expect(page.getByText("1 / 2")).toBeVisible();
  await expect(chat.answers).toHaveCount(1);
});
