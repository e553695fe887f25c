import { violationsEverywhere } from "../fixtures/axe.ts";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "text=mixed&tokens=160&interval_ms=0&reasoning=40" });

// The page to sign in at is looked at where accounts are, a conversation where all of its looks are.
test("every page can be used by everybody, light and dark, on a desktop and a phone", async ({
  page,
  stack,
}) => {
  const chat = new ChatPage(page);
  const found: string[] = [];
  const look = async (name: string) => found.push(...(await violationsEverywhere(page, name)));
  const command = async (name: string) => {
    await page.keyboard.press("ControlOrMeta+k");
    await page.getByTestId("palette-input").fill(name);
    await page.keyboard.press("Enter");
  };
  await chat.open(stack.url);
  await look("empty");
  await chat.ask("Show me everything you can write");
  await chat.settled();
  await page.keyboard.press("ControlOrMeta+k");
  await expect(page.getByTestId("palette-input")).toBeFocused();
  await look("palette");
  await page.keyboard.press("Escape");

  await page.setInputFiles("input[type=file]", {
    name: "mill.md",
    mimeType: "text/markdown",
    buffer: Buffer.from("# The mill\n\nThe mill was built in 1842."),
  });
  await expect(page.getByText("mill.md").first()).toBeVisible();
  await command("Settings");
  await expect(page.getByRole("heading", { name: "Your documents" })).toBeVisible();
  await look("settings");
  await page.keyboard.press("Escape");
  await command("Share this");
  await page.getByTestId("create-share").click();
  const shared = await page.getByTestId("share-address").inputValue();
  await look("share");

  await page.goto(shared);
  await expect(page.getByTestId("ai-message")).toBeVisible();
  await look("shared");
  await page.goto(`${stack.url}/shared/nothing`);
  await expect(page.getByRole("heading", { name: "This link leads nowhere" })).toBeVisible();
  await look("shared-missing");
  await page.goto(`${stack.url}/ops`);
  await expect(page.getByTestId("ops-live")).toHaveText("Live");
  await look("ops");
  expect(found).toEqual([]);
});
