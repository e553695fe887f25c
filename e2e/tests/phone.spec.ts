import { readFile } from "node:fs/promises";
import { violations } from "../fixtures/axe.ts";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({
  behaviour: "text=echo&tokens=100000&interval_ms=2",
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  colorScheme: "dark",
  permissions: ["clipboard-read", "clipboard-write"],
});

/** Long enough to be laid out in parts, with an empty line where one part would end. */
const CODE = Array.from({ length: 40 }, (_, n) =>
  n % 16 === 15 ? "" : `def turn${n}(n: int) -> int: return n * ${n}`,
).join("\n");
const EVERYTHING = `### Energy

Mass is energy: \\(E = mc^2\\), and

$$\\int_0^1 x\\,dx = \\tfrac{1}{2}$$

| part | turns |
| --- | ---: |
| wheel | 12 |

\`\`\`python
${CODE}
\`\`\``;

const WHEEL = "# The wheel\n\nThe wheel of the mill turns twelve times in a minute.";
const RACE = "# The race\n\nThe race of the mill is 47 metres long and made of oak.";

test("by touch, on a phone and in the dark: all that a conversation is for", async ({
  page,
  stack,
}) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await expect(page.locator("html")).toHaveCSS("color-scheme", "dark");
  const choose = async (name: RegExp) => {
    await page.getByTestId("thinking-button").tap();
    await page.getByRole("menuitemradio", { name }).tap();
    await chat.keep("choices-phone-dark");
    await page.keyboard.press("Escape");
  };
  await choose(/Quick/);

  await test.step("formulas, tables and code are shown, heard, and copied as they were written", async () => {
    await chat.input.fill(EVERYTHING);
    await chat.send.tap();
    await expect(page.locator("[aria-live=polite][aria-atomic]").first()).toContainText(/\w/);
    await chat.settled();
    const text = chat.texts.first();
    await expect(text.locator(".katex")).toHaveCount(2);
    await expect(text.getByRole("region", { name: "Table" })).toContainText("wheel");
    await expect(text.locator("pre span[style]").first()).toBeAttached();
    await text.locator(".katex").first().scrollIntoViewIfNeeded();
    await chat.keep("everything-phone-dark");
    expect(await violations(page)).toEqual([]);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await page.getByRole("button", { name: "Copy python code" }).tap();
    await expect.poll(clipboard).toBe(CODE);
    const selected = await text.locator("pre").evaluate((one) => {
      getSelection()?.selectAllChildren(one);
      return getSelection()?.toString();
    });
    expect(selected?.trimEnd()).toBe(CODE);
    await page.getByRole("button", { name: "Copy answer" }).tap();
    await expect.poll(clipboard).toBe(EVERYTHING);
  });

  await test.step("slow is slow, and can be cut short", async () => {
    await choose(/Slow/);
    const words = "water over the wheel ".repeat(60).trim();
    await chat.input.fill(words);
    await chat.send.tap();
    const rate = page.getByTestId("token-rate");
    await expect(rate).toHaveText(/^(1\d|2[0-2]) tokens\/s$/);
    await page.emulateMedia({ reducedMotion: "reduce", colorScheme: "dark" });
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await page.emulateMedia({ reducedMotion: null, colorScheme: "dark" });
    // It was written long ago: who does not want to wait any more gets the rest.
    await chat.stop.tap();
    await expect(chat.answers.nth(1)).toHaveAttribute("data-status", "complete", { timeout: 5000 });
    await expect(chat.texts.nth(1)).toHaveText(words);
    await choose(/Fast/);
  });

  await test.step("what is pasted is read, and what could be asked next is a tap away", async () => {
    await chat.input.evaluate(
      (input, texts) => {
        const transfer = new DataTransfer();
        texts.forEach((text, index) => {
          transfer.items.add(new File([text], `mill${index}.md`, { type: "text/markdown" }));
        });
        const paste = { clipboardData: transfer, bubbles: true, cancelable: true };
        input.dispatchEvent(new ClipboardEvent("paste", paste));
      },
      [WHEEL, RACE],
    );
    const attachments = page.getByTestId("attachment");
    await expect(attachments).toHaveCount(2);
    await expect(attachments.last()).toHaveAttribute("data-state", "ready");
    await expect(attachments.first()).toHaveAttribute("data-state", "ready");
    await chat.input.fill("How long is the race, and how often does the wheel turn [1]?");
    await chat.send.tap();
    await chat.settled();
    await page.getByTestId("source-mark").tap();
    await expect(page.getByTestId("sources-panel").getByRole("listitem")).toHaveCount(2);
    await chat.keep("found-phone-dark");
    await page.getByRole("button", { name: "Close the sources" }).tap();
    const suggestion = page.getByTestId("suggestion").first();
    const next = await suggestion.innerText();
    await chat.keep("suggestions-phone-dark");
    await suggestion.tap();
    await expect(chat.questions.last()).toHaveText(next);
    await chat.settled();
  });

  const menu = async (name: string) => {
    await page.getByRole("button", { name: "Conversations" }).tap();
    await chat.sessions.last().getByRole("button").tap();
    return page.getByRole("menuitem", { name });
  };
  const close = () => page.getByRole("button", { name: "Close the list" }).last().tap();

  await test.step("a conversation goes on in a branch, is taken along, and loses nothing to a failure", async () => {
    const branch = page.getByRole("button", { name: "Go on from here in a branch" }).first();
    await branch.scrollIntoViewIfNeeded();
    // As long as the list scrolls, it takes no press.
    await expect(page.getByRole("button", { name: "To the newest" })).toBeVisible();
    await expect(branch).toHaveCSS("pointer-events", "auto");
    await branch.tap();
    await expect(chat.answers).toHaveCount(1);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      (await menu("Export as Markdown")).tap(),
    ]);
    const exported = await readFile(await download.path(), "utf8");
    expect(exported).toContain(EVERYTHING);
    await expect(chat.sessions).toHaveCount(2);
    await close();
    await page.route("**/api/sessions/*", (route) => route.abort());
    await (await menu("Pin")).tap();
    const toast = page.getByTestId("toast");
    await expect(toast).toBeVisible();
    await chat.keep("toast-phone-dark");
    expect(await violations(page)).toEqual([]);
    await page.unroute("**/api/sessions/*");
    await toast.getByRole("button", { name: "Try again" }).tap();
    await expect(page.getByRole("region", { name: "Pinned" })).toBeVisible();
  });

  await test.step("everything that was said is found", async () => {
    await page.getByTestId("search-button").tap();
    await page.getByTestId("palette-input").fill("how long is the race");
    const results = page.getByTestId("search-result");
    await expect(results.first()).toBeVisible();
    await chat.keep("search-phone-dark");
    expect(await violations(page)).toEqual([]);
    await results.first().tap();
    await expect(chat.questions).toHaveCount(4);
  });
});
