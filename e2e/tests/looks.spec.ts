import { violations } from "../fixtures/axe.ts";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "text=mixed&tokens=500&interval_ms=0&reasoning=60" });

const SIZES = {
  desktop: { width: 1280, height: 800 },
  wide: { width: 1920, height: 1080 },
  phone: { width: 390, height: 844 },
} as const;

for (const colorScheme of ["light", "dark"] as const) {
  test(`a long conversation, ${colorScheme}`, async ({ page, stack }) => {
    await page.emulateMedia({ colorScheme });
    const chat = new ChatPage(page);
    await chat.open(stack.url);
    await page.getByTestId("thinking-button").click();
    await page.getByRole("menuitemradio", { name: /Deep/ }).click();
    await page.keyboard.press("Escape");
    await chat.ask("Show me everything you can write: lists, tables and code");
    await chat.settled();
    expect(await violations(page)).toEqual([]);
    await page.locator("summary").first().click();
    for (const [name, size] of Object.entries(SIZES)) {
      await page.setViewportSize(size);
      await page
        .getByRole("region", { name: "Conversation" })
        .evaluate((one) => one.scrollTo(0, 0));
      await chat.keep(`conversation-top-${name}-${colorScheme}`);
      await page
        .getByRole("region", { name: "Conversation" })
        .evaluate((one) => one.scrollTo(0, one.scrollHeight));
      await chat.keep(`conversation-end-${name}-${colorScheme}`);
    }
    await page.getByRole("button", { name: "Conversations" }).click();
    await expect(chat.sessions).toBeVisible();
    await chat.keep(`drawer-phone-${colorScheme}`);
    expect(await violations(page)).toEqual([]);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
  });
}

test("everything can be reached and done by keyboard", async ({ page, stack }) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await expect(chat.input).toBeFocused();
  await page.keyboard.type("By keyboard alone");
  await page.keyboard.press("Enter");
  await chat.settled();
  await expect(chat.input).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(chat.input).not.toBeFocused();
  await chat.keep("focus-light");
  // What opens takes the focus, and gives it back where it came from, also the first time.
  for (const opener of ["model-button", "thinking-button"]) {
    await page.getByTestId(opener).focus();
    await page.keyboard.press("Enter");
    const open = page.locator("[role=menu], [role=dialog]");
    await expect(open.locator(":focus").or(open.and(page.locator(":focus")))).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(open).toHaveCount(0);
    await expect(page.getByTestId(opener)).toBeFocused();
  }
});
