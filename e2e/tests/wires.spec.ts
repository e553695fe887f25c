import type { Page } from "@playwright/test";
import { ChatPage } from "../fixtures/page.ts";
import { expect, test } from "../fixtures/stack.ts";

const WIRES = ["openai", "responses", "anthropic", "gemini", "ollama"];

/** Lets a test choose the model of what the page asks; everything else goes through untouched. */
async function withModel(page: Page): Promise<{ model: string }> {
  const choice = { model: "" };
  await page.routeWebSocket(/\/api\/ws\/chat/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const frame = JSON.parse(message.toString());
      if (frame.type === "chat_request") frame.data.model = choice.model;
      server.send(JSON.stringify(frame));
    });
    server.onMessage((message) => socket.send(message));
  });
  return choice;
}

test("every wire streams its answer and shows how the model got there", async ({ page, stack }) => {
  const choice = await withModel(page);
  const chat = new ChatPage(page);
  await chat.open(stack.url);
  await page.getByTestId("thinking-button").click();
  await page.getByRole("menuitemradio", { name: /Deep/ }).click();
  await page.keyboard.press("Escape");
  const seen = new Set<string>();
  for (const [index, wire] of WIRES.entries()) {
    choice.model = `${wire}/sim?tokens=60&text=markdown&reasoning=40&interval_ms=10`;
    await chat.ask("How does a mill race work?");
    const answer = chat.answers.nth(index);
    await expect(answer).toHaveAttribute("data-status", "complete");
    await chat.settled();
    const thinking = answer.getByTestId("thinking");
    await thinking.locator("summary").click();
    const steps = thinking.getByRole("listitem");
    await expect(steps.first()).toContainText("how the");
    const thoughts = await steps.allInnerTexts();
    expect(thoughts.length).toBeGreaterThan(1);
    seen.add([await chat.texts.nth(index).innerText(), ...thoughts].join("\n"));
  }
  expect([...seen], "the same words, whatever wire they came by").toHaveLength(1);
  const paths = (await stack.requests()).map((request) => String(request["path"]));
  expect(paths.map((path) => path.replace(/models\/.*/, "models"))).toEqual([
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1beta/models",
    "/api/chat",
  ]);

  // A model that does not think by itself shows the steps that it is asked to write, one by one.
  choice.model = "openai/sim?tokens=40&steps=5&interval_ms=40";
  await chat.ask("And how long is one?");
  const thinking = chat.answers.nth(WIRES.length).getByTestId("thinking");
  await expect(thinking).toContainText(/Thinking for .* · [2-5] steps/);
  await chat.keep("steps-light");
  await chat.settled();
  await expect(thinking).toContainText("Thought for");
  await thinking.locator("summary").click();
  const steps = thinking.getByRole("listitem");
  await expect(steps).toHaveCount(5);
  await expect(steps.first()).toContainText(/Taking it apart\s*95 % sure/);
  await expect(steps.last()).toContainText("Putting it together");
  expect(await stack.requests()).toHaveLength(WIRES.length + 2);
});
