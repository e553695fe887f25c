import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "tokens=60&interval_ms=10" });

test("operators see what goes on, while it does", async ({ page, stack, context }) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await chat.ask("One answer");
  await chat.settled();
  const ops = await context.newPage();
  await ops.goto(`${stack.url}/ops`);
  await expect(ops.getByTestId("ops-live")).toHaveText("Live");
  const now = ops.getByRole("region", { name: "Now" });
  await expect(now).toContainText("Connections");
  const sent = ops.getByRole("region", { name: "What users do" }).getByRole("listitem");
  await expect(sent.filter({ hasText: "Sent a question" })).toBeVisible();

  // What happens meanwhile is seen, and drawn.
  await stack.behave("tokens=900&interval_ms=20");
  await chat.ask("Another one, to be stopped");
  await chat.stop.click();
  await chat.settled();
  await expect(sent.filter({ hasText: "Stopped an answer" })).toBeVisible();
  await expect(ops.getByRole("region", { name: "Time to first token" }).first()).toContainText(
    /\d m?s/,
  );
  await expect(
    ops.getByRole("region", { name: "Tokens per second" }).locator("canvas"),
  ).toBeVisible();
  await ops.setViewportSize({ width: 1920, height: 1080 });
  await new ChatPage(ops).keep("ops-wide-light");
  await ops.setViewportSize({ width: 390, height: 844 });
  // The charts follow the width a moment later.
  const overflow = () =>
    ops.evaluate(() => {
      const main = document.querySelector("main");
      return (main?.scrollWidth ?? 0) - (main?.clientWidth ?? 0);
    });
  await expect.poll(overflow).toBe(0);
  await ops.close();
});
