"""The questions the category is learned from and measured with, and the words beside them. They ship with the package.

`questions.jsonl` has a question per line with the label of each of two annotation passes, the label that holds, and
its part: `train`, or `test`, which no training may read. `vocabulary.jsonl` has words of each category, for training
alone. A question that is nearly another one is in its group, and a group is in one part; what is nearly an entry of the
vocabulary is in `train`. `later.jsonl` has questions that were written when the model was done: a second measure.
"""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Literal

import msgspec
from msgspec import Struct

from millrace.category.labels import Category

Part = Literal["train", "test"]


class Question(Struct, frozen=True):
    """One annotated question.

    Attributes:
        text: As somebody might type it.
        first: The label of the first pass.
        second: The label of the second pass, over all questions in another order, without the first labels in view.
        label: The label that holds.
        group: Questions with the same number say nearly the same.
        part: Whether it is learned from or measured with.
        note: Why `label` is what it is, where the passes disagree.
    """

    text: str
    first: Category
    second: Category
    label: Category
    group: int
    part: Part
    note: str = ""


class _Labelled(Struct, frozen=True):
    text: str
    label: Category


class Terms(Struct, frozen=True):
    """Words and phrases that belong to one category."""

    label: Category
    terms: tuple[str, ...]


def questions(part: Part | None = None) -> Sequence[Question]:
    """The questions of one part, or all, in the order of the file."""
    read = (msgspec.json.decode(line, type=Question) for line in _lines("questions.jsonl"))
    return [question for question in read if part in (None, question.part)]


def later() -> Sequence[Question]:
    """Questions written after the model that ships was chosen, each labelled once."""
    read = (msgspec.json.decode(line, type=_Labelled) for line in _lines("later.jsonl"))
    return [
        Question(one.text, one.label, one.label, one.label, group=-number, part="test")
        for number, one in enumerate(read, 1)
    ]


def vocabulary() -> Sequence[tuple[str, Category]]:
    """The words of each category, for training alone."""
    read = (msgspec.json.decode(line, type=Terms) for line in _lines("vocabulary.jsonl"))
    return [(term, entry.label) for entry in read for term in entry.terms]


def _lines(name: str) -> Iterator[bytes]:
    data = files("millrace.category").joinpath("data", name).read_bytes()
    return (line for line in data.split(b"\n") if line)
