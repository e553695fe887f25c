"""The scanner says the same whatever way the text is cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.stream.fences import FenceScanner, Span

MARKDOWN = st.lists(
    st.sampled_from(
        [
            "```",
            "````",
            "``",
            "`",
            "~~~",
            "~~~~",
            "\n",
            "\n\n",
            " ",
            "    ",
            "> ",
            "python",
            "c++",
            "text é😀",
            "\r\n",
            "x" * 300,
        ]
    ),
    max_size=40,
).map("".join)


def characters(spans: list[Span]) -> list[tuple[str, bool, str | None]]:
    return [(char, span.is_code, span.language) for span in spans for char in span.text]


def scan(pieces: list[str]) -> list[tuple[str, bool, str | None]]:
    scanner = FenceScanner()
    return [char for piece in pieces for char in characters(scanner.feed(piece))]


def cut(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(place % (len(text) + 1) for place in cuts)})
    return [text[start:end] for start, end in pairwise(places)]


@given(MARKDOWN, st.lists(st.integers(0, 10_000), max_size=30))
def test_any_cut_gives_the_same_result(text: str, cuts: list[int]) -> None:
    whole = scan([text])
    assert "".join(char for char, _, _ in whole) == text
    assert scan(cut(text, cuts)) == whole
    assert scan(list(text)) == whole


def code_of(text: str) -> list[tuple[str, str | None]]:
    """The lines that lie inside a block, with their language; fences that close are among them."""
    spans = FenceScanner().feed(text)
    return [(span.text, span.language) for span in spans if span.is_code]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\n```python\nx = 1\n```\nb", [("x = 1\n```\n", "python")]),
        ("```\nplain\n```\n", [("plain\n```\n", None)]),
        ("~~~ Rust title\nfn\n~~~\n", [("fn\n~~~\n", "rust")]),
        ("````md\n```py\nx\n```\n````\nout", [("```py\nx\n```\n````\n", "md")]),
        ("```js\nnot closed", [("not closed", "js")]),
        ("  - item\n    ```sh\n    ls\n    ```\n", [("    ls\n    ```\n", "sh")]),
        ("> ```sql\n> select\n> ```\nout", [("> select\n> ```\n", "sql")]),
        ("```{.python}\nx\n```\n", [("x\n```\n", "python")]),
        ("inline ```not a fence``` here\nno code", []),
        ("```a`b\nno code", []),
        ("``\nno code", []),
        ("```py\nx\n``` trailing\ny\n```\nout", [("x\n``` trailing\ny\n```\n", "py")]),
        ("```py\nx\n~~~\ny\n```\n", [("x\n~~~\ny\n```\n", "py")]),
        ("```py\r\nx\r\n```\r\nout", [("x\r\n```\r\n", "py")]),
        ("", []),
    ],
)
def test_what_is_code(text: str, code: list[tuple[str, str | None]]) -> None:
    assert code_of(text) == code


def test_the_open_block_is_known_while_it_is_written() -> None:
    scanner = FenceScanner()
    scanner.feed("```py\n")
    assert (scanner.is_code, scanner.language) == (True, "py")
    scanner.feed("x\n```\n")
    assert (scanner.is_code, scanner.language) == (False, None)
