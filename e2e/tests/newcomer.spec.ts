import { gzipSync } from "node:zlib";
import { violationsEverywhere } from "../fixtures/axe.ts";
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
  expect(await violationsEverywhere(page, "newcomer")).toEqual([]);
  await page.getByRole("button", { name: "How do I connect a language model?" }).click();
  await expect(chat.answers).toHaveAttribute("data-status", "complete");
  await expect(page).toHaveURL(/\/chat\/.+/);
  await expect(chat.sessions).toHaveCount(1);
  await chat.keep("embedded-light");
});

test("answers come from one's own documents, and say from where", async ({ page, stack }) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  const buffer = Buffer.from(
    "# Bread\n\nSourdough bread is baked for 47 minutes at 230 degrees.\n",
  );
  const data = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "bread.md", { type: "text/markdown" }));
    return transfer;
  }, buffer.toString());
  await page.dispatchEvent("body", "dragenter", { dataTransfer: data });
  await expect(page.getByTestId("drop-zone")).toBeVisible();
  await chat.keep("drop-light");
  await page.dispatchEvent("body", "drop", { dataTransfer: data });
  const attachments = page.getByTestId("attachment");
  await expect(attachments).toHaveAttribute("data-state", "ready");
  const picture = { name: "photo.exe", mimeType: "application/octet-stream", buffer };
  await page.getByTestId("file-input").setInputFiles(picture);
  await expect(attachments.nth(1)).toHaveAttribute("data-state", "failed");
  await chat.keep("attachments-light");
  await page.getByRole("button", { name: "Remove photo.exe" }).click();

  await chat.ask("How long is sourdough bread baked?");
  await chat.settled();
  await expect(chat.texts).toContainText("47 minutes");
  const mark = page.getByTestId("source-mark").first();
  await mark.hover();
  await expect(page.getByTestId("source-card")).toContainText("230 degrees");
  await chat.keep("source-card-light");
  await mark.click();
  const panel = page.getByTestId("sources-panel");
  await expect(panel).toContainText("Bread");
  expect(await violationsEverywhere(page, "sources")).toEqual([]);
  const found = await panel.innerText();
  await page.keyboard.press("Escape");
  await expect(panel).toHaveCount(0);
  await expect(mark).toBeFocused();

  // What was found is still known after a reload, cited or not.
  await page.reload();
  await mark.click();
  await expect(panel).toHaveText(found, { useInnerText: true });
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
