import type { ModelList } from "@millrace/client";
import { expect, it } from "vitest";
import { askOptions, offered } from "../src/chat/askOptions.ts";

const models: ModelList = {
  default: "a/x",
  models: [
    { id: "a/x", provider: "a", name: "x", capabilities: {}, context_length: null },
    { id: "b/y", provider: "b", name: "y", capabilities: {}, context_length: null },
  ],
  aliases: [{ name: "both", models: ["a/x", "b/y"], hedge: false }],
};

it("asks for the model that was chosen, while the server offers it", () => {
  expect(askOptions({ model: "b/y", thinking: "auto" }, models)).toEqual({ model: "b/y" });
  expect(offered("both", models)).toBe("both");
});

it("does not ask for a remembered model that is gone, or that nobody has shown yet", () => {
  expect(askOptions({ model: "gone/z", thinking: "system2" }, models)).toEqual({
    thinking_mode: "system2",
    enable_reasoning: true,
  });
  expect(askOptions({ model: "b/y", thinking: "auto" }, null)).toEqual({});
  expect(offered(null, models)).toBeNull();
});
