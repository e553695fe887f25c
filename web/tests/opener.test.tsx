import type { ModelList } from "@millrace/client";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ModelControl } from "../src/chat/ModelControl.tsx";
import { useChoices } from "../src/state/choices.ts";
import { type OpenedProps, opener } from "../src/ui/opener.tsx";

afterEach(cleanup);

describe("what a button opens", () => {
  function setUp() {
    const rendered: boolean[] = [];
    const fetch = vi.fn(async () => ({ trigger, open, onOpenChange }: OpenedProps) => {
      rendered.push(open);
      return (
        <>
          {trigger}
          {open && (
            <button type="button" onClick={() => onOpenChange(false)}>
              Close
            </button>
          )}
        </>
      );
    });
    const { Component, load } = opener<OpenedProps>("menu", fetch);
    return { Component, load, fetch, rendered };
  }

  it("is fetched once somebody comes near, and is part of the page once it was opened", async () => {
    const { Component, fetch, rendered } = setUp();
    render(<Component trigger={<button type="button">More</button>} />);
    expect(fetch).not.toHaveBeenCalled();
    const user = userEvent.setup();
    await user.hover(screen.getByText("More"));
    expect(fetch).toHaveBeenCalledOnce();
    expect(rendered).toEqual([]);
    await user.click(screen.getByText("More"));
    await user.click(await screen.findByText("Close"));
    expect(screen.queryByText("Close")).toBeNull();
    // First closed, so that no frame has to make all of it.
    expect(rendered[0]).toBe(false);
    expect(rendered).toContain(true);
    expect(fetch).toHaveBeenCalledOnce();
  });

  it("costs those nothing that nobody opens", async () => {
    const { Component, load, rendered } = setUp();
    render(<Component trigger={<button type="button">More</button>} />);
    await load();
    expect(rendered).toEqual([]);
    expect(screen.getByText("More").getAttribute("aria-haspopup")).toBe("menu");
    expect(screen.getByText("More").getAttribute("aria-expanded")).toBe("false");
  });
});

it("offers the models with the chosen one first, and remembers another choice", async () => {
  const model = (id: string) => {
    const [provider = "", name = ""] = id.split("/");
    return { id, provider, name, capabilities: {}, context_length: null };
  };
  const models: ModelList = { default: "a/x", models: ["a/x", "b/y"].map(model), aliases: [] };
  render(<ModelControl models={models} />);
  const user = userEvent.setup();
  await user.click(screen.getByTestId("model-button"));
  const options = await screen.findAllByRole("option");
  expect(options.map((option) => option.dataset["selected"])).toEqual(["true", "false"]);
  await user.click(screen.getByRole("option", { name: "y" }));
  expect(useChoices.getState().model).toBe("b/y");
  expect(screen.getByTestId("model-button").title).toBe("b/y");
});
