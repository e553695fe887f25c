import type { ChatPage } from "../../e2e/fixtures/page.ts";
import { expect } from "../../e2e/fixtures/stack.ts";

const LOOK_MS = 250;

/**
 * Asks, and comes back once the answer is whole.
 *
 * It looks seldom and at little: what waits in the page for its state would be measured too.
 */
export async function answered(chat: ChatPage, question: string): Promise<void> {
  await chat.ask(question);
  await expect(chat.questions.last()).toContainText(question.slice(0, 20));
  await written(chat);
}

/** Comes back once nothing is being written. */
export async function written(chat: ChatPage): Promise<void> {
  do {
    await chat.page.waitForTimeout(LOOK_MS);
  } while ((await chat.streaming.count()) > 0);
  await chat.settled();
  await expect(chat.answers.last()).toHaveAttribute("data-status", "complete");
}
