import { violationsEverywhere } from "../fixtures/axe.ts";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "text=markdown&tokens=400&interval_ms=15" });

test("the server is killed and comes back in the middle of an answer", async ({ page, stack }) => {
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await chat.ask("Survive this");
  const seen = await chat.textOf(chat.texts.first(), 120);
  await stack.kill();
  await expect(chat.connection).toHaveAttribute("data-state", "reconnecting");
  await expect(page.getByTestId("connection-banner")).toContainText(
    "The connection to the server is lost",
  );
  expect(await violationsEverywhere(page, "lost")).toEqual([]);
  await chat.ask("Written while it was away");
  await stack.restart();
  await page.getByRole("button", { name: "Try now" }).click();
  await expect(chat.connection).toHaveAttribute("data-state", "connected", { timeout: 40_000 });
  await chat.settled();
  const statuses = await chat.answers.evaluateAll((all) =>
    all.map((one) => (one as HTMLElement).dataset["status"]),
  );
  expect(statuses).toHaveLength(2);
  expect(["complete", "failed"]).toContain(statuses[0]);
  expect(statuses[1]).toBe("complete");
  // Nothing that was seen is taken back.
  const kept = await chat.texts.first().innerText();
  expect(kept.startsWith(seen.slice(0, 100))).toBe(true);
  // Where it went on is marked, live and ever after.
  const seams = statuses[0] === "complete" ? ["Resumed here after an interruption"] : [];
  await expect(page.getByTestId("seam")).toHaveText(seams);
  await page.reload();
  await expect(chat.answers).toHaveCount(2);
  await expect(page.getByTestId("seam")).toHaveText(seams);
  await page.getByRole("region", { name: "Conversation" }).evaluate((one) => one.scrollTo(0, 0));
  await chat.keep("recovered-light");
});

test("a lost network in the middle of an answer leaves no hole", async ({ page, stack }) => {
  const chat = new ChatPage(page);
  // Chromium's own switch leaves open WebSockets alone, so the connection is cut where the page sees it.
  await page.routeWebSocket(/\/api\/ws\/chat/, (socket) => {
    const server = socket.connectToServer();
    cut = () => {
      void server.close();
      void socket.close({ code: 1001 });
    };
  });
  let cut: () => void = () => undefined;
  await chat.open(stack.url);
  await chat.ask("Do not lose a word");
  await chat.textOf(chat.texts.first(), 80);
  cut();
  await expect(chat.connection).toHaveAttribute("data-state", "reconnecting");
  await expect(chat.connection).toHaveAttribute("data-state", "connected");
  await chat.settled();
  await expect(chat.answers.first()).toHaveAttribute("data-status", "complete");
  const live = await chat.texts.first().innerText();
  await page.reload();
  await expect(chat.answers.first()).toHaveAttribute("data-status", "complete");
  await expect(chat.texts.first()).toHaveText(live, { useInnerText: true });
});
