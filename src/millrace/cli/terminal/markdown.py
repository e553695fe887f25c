"""Markdown in a terminal: rich's, with colors that suit light and dark backgrounds alike."""

from typing import ClassVar

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.syntax import Syntax
from rich.theme import Theme

THEME = Theme(
    {
        "markdown.code": "cyan",
        "markdown.code_block": "none",
        "markdown.h1": "bold underline",
        "markdown.h2": "bold underline",
        "markdown.h3": "bold",
        "markdown.h4": "bold italic",
        "markdown.item.bullet": "cyan",
        "markdown.item.number": "cyan",
        "markdown.block_quote": "italic",
        "markdown.hr": "dim",
        "markdown.table.border": "dim",
        "markdown.table.header": "bold",
    }
)
# The terminal's own sixteen colors: readable wherever its owner can read anything.
_CODE_THEME = "ansi_dark"


class _Heading(Heading):
    LEVEL_ALIGN: ClassVar[dict[str, JustifyMethod]] = {}


class _Code(CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = str(self.text).rstrip()
        yield Syntax(
            code, self.lexer_name, theme=_CODE_THEME, word_wrap=True, padding=(0, 2), background_color="default"
        )


class AnswerMarkdown(Markdown):
    """An answer, or a part of one; `parser` is an `answer_parser`."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "fence": _Code,
        "code_block": _Code,
    }

    def __init__(self, source: str, parser: MarkdownIt) -> None:
        # Without rich's own initializer, which makes another parser and parses with it: this is done for every frame.
        self.markup = source
        self.parsed = parser.parse(source)
        self.code_theme = self.inline_code_theme = _CODE_THEME
        self.justify: JustifyMethod | None = None
        self.style = "none"
        self.hyperlinks = True
        self.inline_code_lexer = None
