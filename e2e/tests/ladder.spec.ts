import type { Page } from "@playwright/test";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

test.use({ behaviour: "text=markdown&tokens=60&interval_ms=10" });

/** Something between the page and the server that lets through what the test wants. */
async function proxied(page: Page) {
  const blocked = { socket: false, sse: false, all: false };
  const cuts = new Set<() => void>();
  await page.routeWebSocket(/\/api\/ws\/chat/, (socket) => {
    if (blocked.socket || blocked.all) {
      void socket.close({ code: 1006 }); // what a browser says of a refused handshake
      return;
    }
    const server = socket.connectToServer();
    cuts.add(() => {
      void server.close();
      void socket.close();
    });
  });
  await page.route("**/api/**", (route) => {
    const sse = route.request().url().includes("/api/v1/chat/stream");
    return blocked.all || (blocked.sse && sse) ? route.abort() : route.continue();
  });
  return {
    blocked,
    cut: () => {
      for (const cut of cuts) cut();
      cuts.clear();
    },
  };
}

test("a blocked WebSocket costs nothing but its speed, and is taken again once it is free", async ({
  page,
  stack,
}) => {
  const { blocked } = await proxied(page);
  const chat = new ChatPage(page);
  blocked.socket = true;
  await chat.open(stack.url);
  await expect(chat.connection).toHaveAttribute("data-transport", "sse");
  await expect(chat.connection).toContainText("event stream");
  await chat.ask("By event stream");
  await expect.poll(() => chat.texts.first().innerText()).not.toBe("");
  await expect(chat.answers.first(), "it comes piece by piece").not.toHaveAttribute(
    "data-status",
    "complete",
  );
  await chat.stop.click();
  await expect(chat.answers.first()).toHaveAttribute("data-status", "cancelled");
  await chat.ask("And to its end");
  await expect(chat.answers.nth(1)).toHaveAttribute("data-status", "complete");
  await chat.settled();
  const streamed = await chat.texts.nth(1).innerText();

  blocked.sse = true;
  await page.reload();
  await expect(chat.connection).toHaveAttribute("data-transport", "batch");
  await expect(chat.connection).toContainText("whole answers");
  await chat.keep("batch-light");
  await chat.ask("As a whole");
  await expect(chat.answers.nth(2)).toHaveAttribute("data-status", "complete");
  await expect(chat.texts.nth(2)).toHaveText(streamed, { useInnerText: true });

  blocked.socket = false;
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await expect(chat.connection).toHaveAttribute("data-transport", "websocket");
  await chat.ask("Back on the socket");
  await expect(chat.answers.nth(3)).toHaveAttribute("data-status", "complete");
  await expect(chat.texts.nth(3)).toHaveText(streamed, { useInnerText: true });
});

test("what is written offline waits, survives a reload, and is sent exactly once", async ({
  page,
  stack,
}) => {
  const { blocked, cut } = await proxied(page);
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  blocked.all = true;
  cut();
  await expect(chat.connection).toHaveAttribute("data-state", "reconnecting");
  await chat.ask("Written offline");
  await chat.ask("Thought better of");
  await expect(page.getByTestId("waiting-mark")).toHaveCount(2);
  await chat.keep("waiting-light");
  await chat.questions.nth(1).hover();
  await page.getByRole("button", { name: "Do not send" }).last().click();
  await expect(chat.questions).toHaveCount(1);
  await page.reload();
  await expect(page.getByRole("heading", { name: "The server does not answer" })).toBeVisible();
  expect(await stack.requests()).toHaveLength(0);

  blocked.all = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(chat.answers.first()).toHaveAttribute("data-status", "complete");
  await expect(chat.questions).toHaveText(["Written offline"]);
  await chat.settled();
  await page.reload();
  await expect(chat.questions).toHaveText(["Written offline"]);
  const asked = (await stack.requests()).filter((one) => JSON.stringify(one).includes("sim"));
  expect(asked.length).toBeGreaterThan(0);
  await expect(chat.sessions).toHaveCount(1);
});
