import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "text=mixed&tokens=600&interval_ms=8" });

const TURNS = 250;
const TOKENS = 20_000;

test("a long conversation is there in parts, and the reader's place is theirs", async ({
  page,
  stack,
}) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  const session = await (await page.request.get(`${stack.url}/api/auth/session`)).json();
  const id = await stack.seed(session.user.id, TURNS, TOKENS);
  await page.goto(`${stack.url}/chat/${id}`);
  const scroller = page.getByRole("region", { name: "Conversation" });
  await expect(chat.texts.last()).toContainText("garden");
  // A worker colours the code, which the page's policy lets it have.
  await expect(chat.texts.last().locator("pre span[style]").first()).toBeAttached();
  // It is parsed over several frames, and the end stays in sight all the while.
  const rest = () =>
    scroller.evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight);
  const height = () => scroller.evaluate((one) => one.scrollHeight);
  await expect.poll(height).toBeGreaterThan(40_000);
  await expect.poll(rest).toBeLessThan(50);
  expect(await page.locator("article").count()).toBeLessThan(60);

  // Going up brings what came before, without moving what is being read.
  await scroller.evaluate((one) => one.scrollTo(0, 1800));
  await expect(page.getByText("Answer 160.")).toBeAttached();
  await scroller.evaluate((one) => one.scrollBy(0, -400));
  const firstInView = () =>
    page.evaluate(() => {
      const top =
        document.querySelector("section[aria-label=Conversation]")?.getBoundingClientRect().top ??
        0;
      const first = [...document.querySelectorAll("article")].find(
        (one) => one.getBoundingClientRect().bottom > top,
      );
      return `${first?.textContent?.slice(0, 30)}`;
    });
  const before = await firstInView();
  await expect(page.getByText("Earlier messages are on their way")).toHaveCount(1);
  await scroller.evaluate((one) => one.scrollBy(0, -1));
  await expect.poll(() => scroller.evaluate((one) => one.scrollTop)).toBeGreaterThan(3000);
  expect(await firstInView()).toBe(before);

  // What is written meanwhile does not take the reader along.
  await chat.ask("Anything new?");
  await expect.poll(rest).toBeLessThan(50);
  await expect(chat.streaming).toBeVisible();
  await scroller.evaluate((one) => one.scrollBy(0, -900));
  const place = await scroller.evaluate((one) => one.scrollTop);
  await chat.settled();
  expect(Math.abs((await scroller.evaluate((one) => one.scrollTop)) - place)).toBeLessThan(3);
  await page.getByRole("button", { name: "To the newest" }).click();
  await expect.poll(rest).toBeLessThan(50);

  // What was found is gone to, however far up it is.
  await page.keyboard.press("ControlOrMeta+k");
  await page.getByTestId("palette-input").fill("Question 7?");
  await page.getByTestId("search-result").filter({ hasText: "Question 7?" }).first().click();
  await expect(page.getByText("Question 7?", { exact: true })).toBeInViewport();
});
