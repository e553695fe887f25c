import type { CSSProperties } from "react";
import {
  createHighlighterCore,
  type GrammarState,
  type HighlighterCore,
  type LanguageInput,
} from "shiki/core";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";

/** A piece of a line; its style holds one colour per theme, of which the style sheet takes one. */
interface Token {
  readonly offset: number;
  readonly content: string;
  readonly style: CSSProperties;
}

export interface Line {
  readonly start: number;
  readonly tokens: readonly Token[];
  /** The line break that follows, or nothing. */
  readonly end: string;
  readonly length: number;
}

/** Each grammar is a download of its own, fetched when an answer first uses it. */
const LANGUAGES: Record<string, LanguageInput> = {
  bash: () => import("shiki/langs/bash.mjs"),
  c: () => import("shiki/langs/c.mjs"),
  cpp: () => import("shiki/langs/cpp.mjs"),
  csharp: () => import("shiki/langs/csharp.mjs"),
  css: () => import("shiki/langs/css.mjs"),
  diff: () => import("shiki/langs/diff.mjs"),
  docker: () => import("shiki/langs/docker.mjs"),
  go: () => import("shiki/langs/go.mjs"),
  html: () => import("shiki/langs/html.mjs"),
  ini: () => import("shiki/langs/ini.mjs"),
  java: () => import("shiki/langs/java.mjs"),
  javascript: () => import("shiki/langs/javascript.mjs"),
  json: () => import("shiki/langs/json.mjs"),
  jsx: () => import("shiki/langs/jsx.mjs"),
  kotlin: () => import("shiki/langs/kotlin.mjs"),
  markdown: () => import("shiki/langs/markdown.mjs"),
  php: () => import("shiki/langs/php.mjs"),
  python: () => import("shiki/langs/python.mjs"),
  ruby: () => import("shiki/langs/ruby.mjs"),
  rust: () => import("shiki/langs/rust.mjs"),
  sql: () => import("shiki/langs/sql.mjs"),
  swift: () => import("shiki/langs/swift.mjs"),
  toml: () => import("shiki/langs/toml.mjs"),
  tsx: () => import("shiki/langs/tsx.mjs"),
  typescript: () => import("shiki/langs/typescript.mjs"),
  xml: () => import("shiki/langs/xml.mjs"),
  yaml: () => import("shiki/langs/yaml.mjs"),
};

const ALIASES: Record<string, string> = {
  "c++": "cpp",
  "c#": "csharp",
  console: "bash",
  cs: "csharp",
  dockerfile: "docker",
  golang: "go",
  js: "javascript",
  kt: "kotlin",
  md: "markdown",
  py: "python",
  rb: "ruby",
  rs: "rust",
  sh: "bash",
  shell: "bash",
  ts: "typescript",
  yml: "yaml",
  zsh: "bash",
};

/** What comes after so many characters stays plain: colouring it would hold up the page. */
const LONGEST = 100_000;

let highlighter: Promise<HighlighterCore> | null = null;

function obtain(): Promise<HighlighterCore> {
  highlighter ??= createHighlighterCore({
    themes: [import("shiki/themes/github-light.mjs"), import("shiki/themes/github-dark.mjs")],
    langs: [],
    engine: createJavaScriptRegexEngine({ forgiving: true }),
  });
  return highlighter;
}

/** Colours one block of code while it grows. Whole lines are coloured once; only the last one is done again. */
export interface Highlighter {
  /** The lines of `code`, as far as they are coloured. */
  lines(code: string): readonly Line[];
}

/** A highlighter for one block; null for a language that is not known. */
export async function highlighterFor(language: string): Promise<Highlighter | null> {
  const name = ALIASES[language.toLowerCase()] ?? language.toLowerCase();
  const grammar = LANGUAGES[name];
  if (!grammar) return null;
  const core = await obtain();
  await core.loadLanguage(grammar);
  return new GrowingCode(core, name);
}

class GrowingCode implements Highlighter {
  readonly #core: HighlighterCore;
  readonly #language: string;
  /** The text of the whole lines, and how they were coloured. */
  #done = "";
  #lines: Line[] = [];
  #state: GrammarState | undefined;
  #shown: { readonly code: string; readonly lines: readonly Line[] } = { code: "", lines: [] };

  constructor(core: HighlighterCore, language: string) {
    this.#core = core;
    this.#language = language;
  }

  lines(code: string): readonly Line[] {
    const text = code.length > LONGEST ? code.slice(0, code.lastIndexOf("\n", LONGEST) + 1) : code;
    if (text === this.#shown.code) return this.#shown.lines;
    if (!text.startsWith(this.#done)) {
      this.#done = "";
      this.#lines = [];
      this.#state = undefined;
    }
    const whole = text.slice(this.#done.length, text.lastIndexOf("\n") + 1);
    if (whole) {
      const { lines, state } = this.#colour(whole.slice(0, -1), this.#done.length, true);
      this.#lines = [...this.#lines, ...lines];
      this.#done += whole;
      this.#state = state;
    }
    const rest = text.slice(this.#done.length);
    const lines = rest
      ? [...this.#lines, ...this.#colour(rest, this.#done.length, false).lines]
      : this.#lines;
    this.#shown = { code: text, lines };
    return lines;
  }

  #colour(text: string, start: number, closed: boolean) {
    const { tokens, grammarState } = this.#core.codeToTokens(text, {
      lang: this.#language,
      themes: { light: "github-light", dark: "github-dark" },
      defaultColor: false,
      ...(this.#state ? { grammarState: this.#state } : {}),
    });
    let at = start;
    const lines = tokens.map((line, index): Line => {
      const end = closed || index < tokens.length - 1 ? "\n" : "";
      const length = line.reduce((sum, token) => sum + token.content.length, 0) + end.length;
      const begin = at;
      at += length;
      return {
        start: begin,
        end,
        length,
        tokens: line.map((token) => ({
          offset: token.offset,
          content: token.content,
          style: (token.htmlStyle ?? {}) as CSSProperties,
        })),
      };
    });
    return { lines, state: grammarState };
  }
}
