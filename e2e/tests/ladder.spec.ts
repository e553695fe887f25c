import type { Page } from "@playwright/test";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "text=markdown&tokens=60&interval_ms=5" });

const ENDLESS = "openai/sim?text=markdown&tokens=3000&interval_ms=20";

/** Something between the page and the server that lets through what the test wants. */
async function proxied(page: Page) {
  const proxy = { socket: true, sse: true, http: true, model: "" };
  let cut: () => void = () => undefined;
  await page.routeWebSocket(/\/api\/ws\/chat/, (socket) => {
    if (!proxy.socket || !proxy.http) {
      void socket.close({ code: 1006 }); // what a browser says of a refused handshake
      return;
    }
    const server = socket.connectToServer();
    cut = () => {
      void server.close();
      void socket.close();
    };
  });
  await page.route("**/api/**", (route) => {
    const request = route.request();
    const sse = request.url().includes("/api/v1/chat/stream");
    if (!proxy.http || (sse && !proxy.sse)) return route.abort();
    if (!proxy.model || !request.postData()?.includes('"chat_request"')) return route.continue();
    const frames = request.postDataJSON() as { type: string; data: object }[];
    for (const frame of frames) {
      if (frame.type === "chat_request") frame.data = { ...frame.data, model: proxy.model };
    }
    return route.continue({ postData: JSON.stringify(frames) });
  });
  return { proxy, cut: () => cut() };
}

test("a page finds a way to the server, tells which, and keeps what is written without one", async ({
  page,
  stack,
}) => {
  const { proxy, cut } = await proxied(page);
  const chat = new ChatPage(page);
  const done = (index: number) =>
    expect(chat.answers.nth(index)).toHaveAttribute("data-status", "complete");

  await test.step("by event streams where WebSockets are blocked", async () => {
    proxy.socket = false;
    await chat.open(stack.url);
    await expect(chat.connection).toHaveAttribute("data-transport", "sse");
    await expect(chat.connection).toContainText("event stream");
    proxy.model = ENDLESS;
    await chat.ask("Stop me");
    await chat.textOf(chat.texts.first(), 20);
    await expect(chat.answers.first()).toHaveAttribute("data-status", "streaming");
    await chat.keep("event-stream-light");
    await chat.stop.click();
    await expect(chat.answers.first()).toHaveAttribute("data-status", "cancelled");
    proxy.model = "";
    await chat.ask("To its end");
    await done(1);
  });
  const text = await chat.texts.nth(1).innerText();

  await test.step("by whole answers where these are blocked too", async () => {
    proxy.sse = false;
    await page.reload();
    await expect(chat.connection).toHaveAttribute("data-transport", "batch");
    await expect(chat.connection).toContainText("whole answers");
    await chat.ask("As a whole");
    await done(2);
    await expect(chat.texts.nth(2)).toHaveText(text, { useInnerText: true });
  });

  await test.step("by a WebSocket again, as soon as it gets through", async () => {
    proxy.socket = true;
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await expect(chat.connection).toHaveAttribute("data-transport", "websocket");
    await chat.ask("On the socket");
    await done(3);
    await expect(chat.texts.nth(3)).toHaveText(text, { useInnerText: true });
  });

  await test.step("without any, what is written waits, and is sent exactly once", async () => {
    const asked = (await stack.requests()).length;
    proxy.http = false;
    cut();
    await expect(chat.connection).toHaveAttribute("data-state", "reconnecting");
    await chat.ask("Written offline");
    await chat.ask("Thought better of");
    await expect(page.getByTestId("waiting-mark")).toHaveCount(2);
    await chat.keep("waiting-light");
    await page.getByRole("button", { name: "Do not send" }).last().click();
    await expect(chat.questions).toHaveCount(5);
    await page.reload();
    await expect(page.getByRole("heading", { name: "The server does not answer" })).toBeVisible();
    expect(await stack.requests()).toHaveLength(asked);
    proxy.http = true;
    await page.getByRole("button", { name: "Try again" }).click();
    await done(4);
    await page.reload();
    await expect(chat.questions).toHaveCount(5);
    await expect(chat.questions.last()).toHaveText("Written offline");
    expect(await stack.requests()).toHaveLength(asked + 1);
  });
});
