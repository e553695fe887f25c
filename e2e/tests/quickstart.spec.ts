import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "../fixtures/stack.ts";

const PAGE = fileURLToPath(new URL("../../docs/quickstart/javascript.md", import.meta.url));

// The program stands in the page, which the server's own pages do not allow.
test.use({ behaviour: "tokens=20&seed=5", bypassCSP: true });

test("the web page of the quick start runs as it stands there", async ({ page, stack }) => {
  const html = /```html\n(.*?)```/s.exec(await readFile(PAGE, "utf8"))?.[1] ?? "";
  // Of the server's origin, and really from there: Chromium lets nothing else open sockets to this machine.
  await page.goto(`${stack.url}/healthz`);
  await page.setContent(html);
  await expect(page.locator("#state")).toHaveText("connected websocket");
  for (const count of [2, 4]) {
    await page.getByRole("textbox").fill("What is a mill race?");
    await page.getByRole("button", { name: "Ask" }).click();
    await expect(page.locator('#messages p[data-status="complete"]')).toHaveCount(count);
  }
  const lines = await page.locator("#messages p").allInnerTexts();
  expect(lines[0]).toBe("user: What is a mill race?");
  expect(lines[3]).toBe(lines[1]);
});
