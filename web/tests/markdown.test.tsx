import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MarkdownView } from "../src/markdown/MarkdownView.tsx";

afterEach(cleanup);

function show(text: string, streaming = false) {
  return render(<MarkdownView text={text} streaming={streaming} />).container;
}

describe("Markdown", () => {
  it("shows emphasis that is not closed yet as emphasis", () => {
    const container = show("A **bold be", true);
    expect(container.querySelector("strong")?.textContent).toBe("bold be");
    expect(container.textContent).not.toContain("*");
  });

  it("shows HTML as text and runs none of it", () => {
    const container = show('<img src=x onerror="alert(1)"> and <script>alert(2)</script>');
    expect(container.querySelector("img, script")).toBeNull();
    expect(container.textContent).toContain("<script>alert(2)</script>");
  });

  it("follows only addresses that are safe", () => {
    const container = show(
      "[bad](javascript:alert(1)) [data](data:text/html,x) [good](https://example.org) <https://a.example>",
    );
    const links = [...container.querySelectorAll("a")];
    expect(links.map((link) => link.getAttribute("href"))).toEqual([
      "https://example.org",
      "https://a.example",
    ]);
    expect(links[0]?.getAttribute("rel")).toContain("noopener");
    expect(container.textContent).toContain("bad");
  });

  it("links a picture instead of loading it", () => {
    const container = show("![a chart](https://example.org/c.png)");
    expect(container.querySelector("img")).toBeNull();
    expect(screen.getByRole("link", { name: "a chart" }).getAttribute("href")).toBe(
      "https://example.org/c.png",
    );
  });

  it("copies a code block as it is, and says its language", async () => {
    const user = userEvent.setup();
    const container = show("```python\nprint('x')\n```");
    expect(container.querySelector("figcaption")?.textContent).toContain("python");
    await user.click(screen.getByRole("button", { name: "Copy python code" }));
    expect(await navigator.clipboard.readText()).toBe("print('x')");
    expect(screen.getByText("Copied")).toBeTruthy();
  });

  it("renders only what changed of a growing text", () => {
    const paragraphs = Array.from({ length: 60 }, (_, index) => `Paragraph ${index}.`);
    const text = paragraphs.join("\n\n");
    const view = render(<MarkdownView text={text} streaming />);
    const nodes = [...view.container.querySelectorAll("p")];
    const observer = new MutationObserver(() => undefined);
    observer.observe(view.container, { childList: true, characterData: true, subtree: true });
    view.rerender(<MarkdownView text={`${text} And more`} streaming />);
    const after = [...view.container.querySelectorAll("p")];
    expect(after).toHaveLength(60);
    expect(after.slice(0, 59)).toEqual(nodes.slice(0, 59));
    expect(after[59]?.textContent).toBe("Paragraph 59. And more");
    const changed = observer.takeRecords().map((record) => record.target.textContent ?? "");
    expect(changed.join()).not.toContain("Paragraph 58");
    observer.disconnect();
  });

  it("shows formulas in dollars and in brackets, and prices as prices", async () => {
    const container = show(
      "It costs $5 or $6: \\(a^2\\), $$b_1$$ and `\\(c\\)`.\n\n\\[\nx = 1\n\\]\n",
    );
    await vi.waitFor(() => expect(container.querySelectorAll(".katex")).toHaveLength(3));
    expect(container.querySelectorAll(".katex-display")).toHaveLength(1);
    expect(container.textContent).toContain("It costs $5 or $6");
    expect(container.querySelector("code")?.textContent).toBe("\\(c\\)");
    expect(container.querySelectorAll("math")).toHaveLength(3);
  });

  it("resolves a reference whose definition comes later, once the text is whole", () => {
    show("See [the map][1].\n\n[1]: https://example.org/map\n");
    expect(screen.getByRole("link", { name: "the map" }).getAttribute("href")).toBe(
      "https://example.org/map",
    );
  });

  it("renders of a list and of a table that grow only what is new", () => {
    for (const [text, more, each] of [
      ["3. **one**\n4. two\n", "5. three\n", "li"],
      ["- [x] one\n- two\n", "- three\n", "li"],
      ["| a | b |\n|:--|--:|\n| 1 | 2 |\n| 3 | 4 |\n", "| 5 | 6 |\n", "tbody tr"],
    ] as const) {
      const { container, rerender } = render(<MarkdownView text={text} streaming />);
      const before = [...container.querySelectorAll(each)];
      rerender(<MarkdownView text={text + more} streaming />);
      const after = [...container.querySelectorAll(each)];
      expect(after).toHaveLength(3);
      expect(after[0]).toBe(before[0]);
      expect(after[1]).toBe(before[1]);
      const growing = container.innerHTML;
      cleanup();
      expect(show(text + more).innerHTML).toBe(growing);
      cleanup();
    }
    expect(show("3. one\n4. two").querySelector("ol")?.getAttribute("start")).toBe("3");
    expect(show("- one\n\n- two").querySelectorAll("li > p")).toHaveLength(2);
    const cells = show("| a | b |\n|:--|--:|\n| 1 | 2 |").querySelectorAll("td");
    expect([...cells].map((cell) => cell.style.textAlign)).toEqual(["left", "right"]);
  });
});
