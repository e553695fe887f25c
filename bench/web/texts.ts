/** The n-th numbered word, which the probe finds again; the simulator sends it as one token. */
export function word(n: number): string {
  let letters = "";
  for (let rest = n, digit = 0; digit < 4; digit++, rest = Math.floor(rest / 26)) {
    letters = String.fromCharCode(97 + (rest % 26)) + letters;
  }
  return `zq${letters}`;
}

class Author {
  #next = 0;

  words(count: number): string {
    return Array.from({ length: count }, () => word(this.#next++)).join(" ");
  }

  get written(): number {
    return this.#next;
  }
}

type Form = (author: Author) => string;

const paragraph: Form = (a) =>
  `${a.words(9)}, **${a.words(2)}** ${a.words(14)}; *${a.words(1)}* ${a.words(12)}.`;
const heading: Form = (a) => `## ${a.words(3)}`;
const list: Form = (a) =>
  Array.from({ length: 6 }, (_, n) => `${n + 1}. **${a.words(1)}** ${a.words(9)}`).join("\n");
const table: Form = (a) =>
  `| ${a.words(1)} | ${a.words(1)} |\n| --- | --- |\n${Array.from({ length: 5 }, () => `| ${a.words(3)} | ${a.words(2)} |`).join("\n")}`;
const code: Form = (a) =>
  `\`\`\`python\n${Array.from({ length: 10 }, () => `def ${a.words(1)}(${a.words(1)}):\n    return "${a.words(3)}"`).join("\n")}\n\`\`\``;
const FORMS = [heading, paragraph, list, paragraph, code, paragraph, table, paragraph];

/** An answer as models write them, of about so many numbered words. */
export function usualText(words: number): string {
  const author = new Author();
  const blocks: string[] = [];
  for (let n = 0; author.written < words; n++) {
    const form = FORMS[n % FORMS.length] ?? paragraph;
    blocks.push(form(author));
  }
  return blocks.join("\n\n");
}

/** An answer that is one block from its first word to its last, in the forms in which models write such. */
export const oneBlock: Readonly<Record<string, (words: number) => string>> = {
  paragraph: (words) => new Author().words(words),
  list: (words) => {
    const author = new Author();
    return Array.from(
      { length: words / 10 },
      () => `- **${author.words(1)}** ${author.words(9)}`,
    ).join("\n");
  },
  table: (words) => {
    const a = new Author();
    const rows = Array.from({ length: words / 5 }, () => `| ${a.words(3)} | ${a.words(2)} |`);
    return `| Name | Size |\n| --- | --- |\n${rows.join("\n")}`;
  },
  code: (words) => {
    const a = new Author();
    const lines = Array.from(
      { length: words / 5 },
      () => `${a.words(1)} = [${a.words(2)}, "${a.words(2)}"]`,
    );
    return `\`\`\`python\n${lines.join("\n")}\n\`\`\``;
  },
};
