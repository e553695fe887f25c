import { whenIdle } from "../ui/whenIdle.ts";
import { EMPTY_DOCUMENT, finish, grow } from "./blocks.ts";
import { renderBlock } from "./render.tsx";

/** One of each form that answers use. */
const FORMS = [
  "A **bold** and *slanted* `word`, [a link](https://example.org).\n\nMore",
  "# Heading\n\n1. **one** two\n2. three\n",
  "| a | b |\n| --- | --- |\n| c | d |\n",
  "> a quotation\n\n- [ ] box\n",
  "```text\ncode\n```\n\nA **half",
];

/**
 * Reads one of each form while nobody waits: a browser compiles code when it is first used, and on a slow phone the first words
 * of an answer would pay for it.
 */
export function warm(): void {
  const forms = [...FORMS];
  const next = () => {
    const form = forms.shift();
    if (form === undefined) return;
    grow(EMPTY_DOCUMENT, form);
    const { settled, open } = finish(EMPTY_DOCUMENT, form);
    for (const { node } of [...settled, ...open]) renderBlock(node);
    whenIdle(next);
  };
  whenIdle(next);
}
