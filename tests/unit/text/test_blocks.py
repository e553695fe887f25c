import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.text.blocks import Block, parse, sentences

MARKDOWN = """---
title: kept out
---
# Start

Run it.
Twice.

- one
  more
- two

| a | b |
|---|---|
| 1 | 2 |

```sh
# not a heading
make run
```

> quoted

<div>tagged</div>
"""


def test_blocks_are_the_lines_of_the_source() -> None:
    assert parse(MARKDOWN) == [
        Block("heading", "Start", 1),
        Block("paragraph", "Run it.\nTwice."),
        Block("list", "- one\n  more\n- two", items=("- one\n  more", "- two")),
        Block("table", "| a | b |\n|---|---|\n| 1 | 2 |", items=("| a | b |", "|---|---|", "| 1 | 2 |")),
        Block("code", "```sh\n# not a heading\nmake run\n```"),
        Block("paragraph", "quoted"),
        Block("paragraph", "tagged"),
    ]


@pytest.mark.parametrize("code", ["```sh\nmake run", "~~~~\n```\nx\n```", "```\n", "```"])
def test_code_that_is_left_open_is_closed(code: str) -> None:
    (block,) = parse(code)
    assert block.kind == "code"
    assert parse(block.text + "\n\nafter")[-1] == Block("paragraph", "after")


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Wrapped\nover lines. Next.", ["Wrapped over lines.", "Next."]),
        ("See e.g. This one. And J. Doe too.", ["See e.g. This one.", "And J. Doe too."]),
        ("Set `a. B` here. Then go.", ["Set `a. B` here.", "Then go."]),
        ("Version 1.2 is out. Use it.", ["Version 1.2 is out.", "Use it."]),
        ('He said "Stop." Then he went.', ['He said "Stop."', "Then he went."]),
        ("你好。世界", ["你好。", "世界"]),
        ("no end", ["no end"]),
        ("  ", []),
    ],
)
def test_sentences(paragraph: str, expected: list[str]) -> None:
    assert sentences(paragraph) == expected


@given(st.text(alphabet="aB1 .!?`\"'()\n。", max_size=120))
def test_sentences_lose_and_add_nothing(paragraph: str) -> None:
    assert "".join(" ".join(sentences(paragraph)).split()) == "".join(paragraph.split())


@given(st.text(alphabet="aB .#>-|`~\n\t1*<&\\[]:=_", max_size=200))
def test_any_text_can_be_parsed(text: str) -> None:
    for block in parse(text):
        assert block.text.strip() or block.kind in ("heading", "list")


@pytest.mark.parametrize("text", ["` x. Y" * 40_000, "<!--" * 60_000, "a. B" * 60_000, "[" * 240_000])
def test_the_time_grows_with_the_length_alone(text: str) -> None:
    started = time.process_time()
    for block in parse(text):
        sentences(block.text)
    assert time.process_time() - started < 2
