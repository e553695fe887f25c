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
  await page.getByRole("button", { name: "Reasoning" }).click();
  const seen = new Set<string>();
  for (const [index, wire] of WIRES.entries()) {
    choice.model = `${wire}/sim?tokens=60&text=markdown&reasoning=30&interval_ms=10`;
    await chat.ask("Think about how a mill race works.");
    const answer = chat.answers.nth(index);
    await expect(answer.locator("summary")).toContainText(/Thinking|Thought/);
    await expect(answer).toHaveAttribute("data-status", "complete");
    await chat.settled();
    await expect(answer).toContainText(choice.model);
    await answer.locator("summary").click();
    const reasoning = await answer.locator("details li").first().innerText();
    expect(reasoning).toContain("how the");
    seen.add(`${await chat.texts.nth(index).innerText()}\n${reasoning}`);
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
  await chat.ask("Prove that the square root of 2 is irrational.");
  const answer = chat.answers.nth(WIRES.length);
  await expect(answer.locator("summary")).toContainText(/step [2-5]/);
  await answer.locator("summary").click();
  await chat.keep("steps-light");
  await chat.settled();
  const steps = answer.locator("details li");
  await expect(steps).toHaveCount(5);
  await expect(steps.first()).toContainText("Taking it apart · 95 % sure");
  await expect(steps.last()).toContainText("Putting it together");
  await expect(answer.locator("summary")).toContainText("Thought for");
  expect(await stack.requests()).toHaveLength(WIRES.length + 2);
});
