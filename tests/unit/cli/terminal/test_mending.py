import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.cli.terminal.mending import mend


@pytest.mark.parametrize(
    ("source", "mended"),
    [
        ("a **b", "a **b**"),
        ("a **b*", "a **b**"),
        ("a **", "a "),
        ("*it* and ***both", "*it* and ***both***"),
        ("~~gone", "~~gone~~"),
        ("some `code", "some `code`"),
        ("``a ` b", "``a ` b``"),
        ("**bold `code", "**bold `code`**"),
        ("snake_case_name is _so", "snake_case_name is _so_"),
        ("2 * 3 and 4 * 5 make", "2 * 3 and 4 * 5 make"),
        (r"\*not \`code", r"\*not \`code"),
        ("see [the docs](https://exa", "see the docs"),
        ("see [the do", "see the do"),
        ("see [the docs]", "see the docs"),
        ("cited [1]", "cited [1]"),
        ("cited [1", "cited [1"),
        ("a paragraph\n-", "a paragraph"),
        ("a paragraph\n==", "a paragraph"),
        ("a paragraph\n12.", "a paragraph"),
        ("- one\n  - **two", "- one\n  - **two**"),
        ("*open in another paragraph\n\nnot here", "*open in another paragraph\n\nnot here"),
        ("```py\nx = '**'", "```py\nx = '**'"),
        ("```py\nx = 1\n``", "```py\nx = 1\n"),
        ("```p", "```p"),
        ("| a | b |\n| - | **c", "| a | b |\n| - | **c"),
        ("", ""),
    ],
)
def test_what_is_open_is_closed_and_what_is_not_yet_anything_waits(source: str, mended: str) -> None:
    assert mend(source) == mended


@given(st.text(alphabet="ab *_~`[]()\\\n-|1.>#"))
def test_any_text_can_be_mended_and_keeps_its_letters(source: str) -> None:
    mended = mend(source)
    assert mended.count("a") + mended.count("b") >= sum(
        line.count("a") + line.count("b") for line in source.split("\n")[:-1]
    )
