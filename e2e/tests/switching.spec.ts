import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

const TEXT = "text=prose&tokens=250&interval_ms=10&seed=5";

test.use({ behaviour: TEXT, backup: `${TEXT}&overlap=8` });

test("a provider is killed in the middle of an answer, and the next one finishes it", async ({
  page,
  stack,
}) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await page.getByTestId("model-button").click();
  await expect(page.getByTestId("model-picker")).toContainText("sim, then sim");
  await page.keyboard.press("Escape");
  await chat.ask("Go on and on");
  await chat.textOf(chat.texts.first(), 150);
  await stack.killProvider();
  await chat.settled();
  await expect(chat.answers.first()).toHaveAttribute("data-status", "complete");
  const seam = page.getByTestId("seam");
  await expect(seam).toHaveText("backup/sim went on here after openai/sim failed");
  await chat.keep("switched-light");

  // What the page shows is what the two of them said: the simulated text, no word of it missing or twice.
  const whole = words(await stack.wholeText());
  expect(whole.length).toBeGreaterThan(800);
  const shown = async () =>
    words((await chat.texts.first().innerText()).replace(await seam.innerText(), " "));
  expect(await shown()).toBe(whole);
  const why = await seam.locator("span").getAttribute("title");
  expect(why).toContain("openai/sim: ");
  await page.reload();
  await expect(seam).toHaveCount(1);
  expect(await seam.locator("span").getAttribute("title")).toBe(why);
  expect(await shown()).toBe(whole);

  // Nobody answers for the first model any more: before the first word nobody sees anything of it.
  await chat.ask("And now?");
  await chat.settled();
  await expect(chat.answers.nth(1)).toHaveAttribute("data-status", "complete");
  await expect(seam).toHaveCount(1);
  await expect(page.getByText("cannot be reached")).toHaveCount(0);
});

function words(text: string): string {
  return text.split(/\s+/).filter(Boolean).join(" ");
}
