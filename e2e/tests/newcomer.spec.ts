import { gzipSync } from "node:zlib";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: null });

test("a newcomer without a model gets a true answer and learns how to connect one", async ({
  page,
  stack,
}) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await expect(page).toHaveURL(/\/chat$/);
  await expect(page.getByText("No language model is connected yet")).toBeVisible();
  await chat.keep("empty-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await chat.keep("empty-dark");
  await page.setViewportSize({ width: 390, height: 844 });
  await chat.keep("empty-phone-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await chat.keep("empty-phone-light");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("button", { name: "How do I connect a language model?" }).click();
  await expect(chat.answers).toHaveAttribute("data-status", "complete");
  await expect(page).toHaveURL(/\/chat\/.+/);
  await expect(chat.sessions).toHaveCount(1);
  await chat.keep("embedded-light");
});

test("a first visit downloads less than 180 KiB", async ({ page, stack }) => {
  const bodies: Promise<Buffer>[] = [];
  page.on("response", (response) => bodies.push(response.body().catch(() => Buffer.alloc(0))));
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await page.waitForLoadState("networkidle");
  const sizes = (await Promise.all(bodies)).map((body) => gzipSync(body).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(50 * 1024);
  expect(total).toBeLessThan(180 * 1024);
});
