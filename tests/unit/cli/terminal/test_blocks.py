from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from millrace.cli.terminal.blocks import Blocks, Part

TEXT = """# Title

A paragraph
of two lines.

- one
- two

  with a second paragraph
- three
1. first
2. second

```py
def f():

    return "- no list"
```
| a | b |
| - | - |
| 1 | 2 |

> quoted

The end."""
PARTS = [
    Part("# Title"),
    Part("A paragraph\nof two lines."),
    Part("- one"),
    Part("- two\n\n  with a second paragraph", joined=True),
    Part("- three", joined=True),
    Part("1. first"),
    Part("2. second", joined=True),
    Part('```py\ndef f():\n\n    return "- no list"\n```'),
    Part("| a | b |\n| - | - |\n| 1 | 2 |"),
    Part("> quoted"),
    Part("The end."),
]


def cut(text: str, places: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(place for place in places if place <= len(text))})
    return [text[begin:end] for begin, end in pairwise(edges)]


@given(st.lists(st.integers(0, len(TEXT))))
def test_the_parts_are_the_same_however_the_text_is_cut(places: list[int]) -> None:
    blocks, parts = Blocks(), list[Part]()
    for piece in cut(TEXT, places):
        blocks.add(piece)
        parts += blocks.finished()
    rest = blocks.rest
    assert rest is not None
    assert [*parts, rest] == PARTS


@given(st.text(alphabet="ab-*#>`|1.\n ~="), st.lists(st.integers(0, 60)))
def test_no_line_is_lost(text: str, places: list[int]) -> None:
    blocks, parts = Blocks(), list[Part]()
    for piece in cut(text, places):
        blocks.add(piece)
        parts += blocks.finished()
    rest = blocks.rest
    said = [*parts, *([] if rest is None else [rest])]
    assert "".join("".join(part.source for part in said).split()) == "".join(text.split())


def test_an_open_code_block_is_one_part_to_its_end() -> None:
    blocks = Blocks()
    blocks.add("```\n# no heading\n\n- no list\n\ntext")
    assert blocks.finished() == []
    assert blocks.rest == Part("```\n# no heading\n\n- no list\n\ntext")


def test_nothing_is_no_part() -> None:
    blocks = Blocks()
    blocks.add("\n \n")
    assert blocks.finished() == []
    assert blocks.rest is None
