"""The deterministic texts: an endless sequence of tokens for each kind and seed. Pure.

The first N tokens are the same whatever the length of the answer, so a test knows what it must receive. Tokens are
cut about as tokenizers cut: a word with its leading space; long words, numbers and emoji of several code points fall
apart.
"""

import itertools
import re
import string
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from millrace.testing.simulator import words
from millrace.testing.simulator.behaviour import TextKind
from millrace.testing.simulator.stamps import open_stamp

_TOKEN: Final = re.compile(r"\n+| {2,}| ?```|~~~| ?[^\W\d_]{1,8}| ?\d{1,3}| ?[^\w\s]|.", re.DOTALL)


class Token(NamedTuple):
    """One token: its text, and the same as a JSON string in UTF-8, encoded once for all requests."""

    text: str
    json: bytes


def make_token(text: str) -> Token:
    """A token of just this text."""
    return Token(text, msgspec.json.encode(text))


def tokenize(text: str) -> list[Token]:
    """Cut a text into tokens; joined they are the text again."""
    return [make_token(piece) for piece in _TOKEN.findall(text)]


def count_tokens(text: str) -> int:
    """How many tokens a text has, for the usage figures."""
    return sum(1 for _ in _TOKEN.finditer(text))


class _Author:
    """Writes blocks of text with one random generator.

    Only ``Random.random`` is used: it alone is promised to give the same sequence for the same seed in every version
    of Python.
    """

    def __init__(self, random: Random) -> None:
        self._random = random

    def below(self, limit: int) -> int:
        return int(self._random.random() * limit)

    def pick(self, options: Sequence[str]) -> str:
        return options[self.below(len(options))]

    def clause(self) -> str:
        subject = f"{self.pick(words.ADJECTIVES)} {self.pick(words.NOUNS)}"
        return f"the {subject} {self.pick(words.VERBS)} the {self.pick(words.NOUNS)} {self.pick(words.PLACES)}"

    def sentence(self) -> str:
        clause = self.clause()
        match self.below(4):
            case 0:
                return f"{self.pick(words.CONNECTIVES)} {clause}."
            case 1:
                number, noun = 1 + self.below(1999), self.pick(words.NOUNS)
                return f"{clause.capitalize()}, and {noun} number {number} follows {self.pick(words.ADVERBS)}."
            case 2:
                return f"{clause.capitalize()}; it's {self.pick(words.ADJECTIVES)}, isn't it?"
            case _:
                return f"{clause.capitalize()}."

    def prose(self) -> str:
        return " ".join(self.sentence() for _ in range(3 + self.below(3))) + "\n\n"

    def thought(self) -> str:
        return f"{self.pick(words.THOUGHTS)} how {self.clause()}.\n\n"

    def fence(self) -> str:
        language, body = words.SNIPPETS[self.below(len(words.SNIPPETS))]
        mark = "~~~" if self.below(5) == 0 else "```"
        code = body.format(name=self.pick(words.FUNCTIONS), noun=self.pick(words.NOUNS), number=1 + self.below(99))
        return f"{mark}{language}\n{code}{mark}\n\n"

    def code(self) -> str:
        return f"{self.sentence()}\n\n{self.fence()}"

    def emoji(self) -> str:
        parts = [f"{self.sentence()} {self.pick(words.EMOJI)} {self.pick(words.FOREIGN)}" for _ in range(2)]
        return f"{' '.join(parts)} {self.pick(words.EMOJI)}{self.pick(words.EMOJI)}\n\n"

    def title(self) -> str:
        return f"{self.pick(words.ADJECTIVES)} {self.pick(words.NOUNS)}".capitalize()

    def heading(self) -> str:
        return f"{'#' * (1 + self.below(3))} {self.title()}\n\n{self.sentence()}\n\n"

    def bullets(self) -> str:
        return "".join(f"- {self.clause()}\n" for _ in range(3)) + "\n"

    def numbered(self) -> str:
        return "".join(f"{number}. **{self.title()}**: {self.clause()}\n" for number in range(1, 4)) + "\n"

    def quote(self) -> str:
        return f"> {self.sentence()}\n> *{self.pick(words.ADVERBS)}*\n\n"

    def table(self) -> str:
        rows = "".join(f"| {self.title()} | {self.below(1000)} |\n" for _ in range(3))
        return f"| Name | Size |\n| :--- | ---: |\n{rows}\n"

    def link(self) -> str:
        noun = self.pick(words.NOUNS)
        return f"{self.sentence()} See [the {noun}](https://example.com/{noun}) and `{noun}.size`.\n\n"

    def markdown(self) -> str:
        forms = (self.heading, self.bullets, self.numbered, self.quote, self.table, self.link, self.fence)
        return forms[self.below(len(forms))]()

    def mixed(self) -> str:
        return (self.prose, self.markdown, self.code, self.emoji)[self.below(4)]()


def sentences(seed: int, count: int) -> list[str]:
    """So many sentences of prose; same seed, same sentences."""
    author = _Author(Random(seed))  # noqa: S311 - repeatable on purpose, no secret
    return [author.sentence() for _ in range(count)]


class TokenSource:
    """The endless token sequence of one kind and seed; it grows on demand and keeps what it has made."""

    def __init__(self, blocks: Iterator[str]) -> None:
        self._blocks = blocks
        self._tokens: list[Token] = []

    def first(self, count: int) -> list[Token]:
        """The first ``count`` tokens."""
        while len(self._tokens) < count:
            self._tokens.extend(tokenize(next(self._blocks)))
        return self._tokens[:count]


_WRITERS: Final[Mapping[str, Callable[[_Author], str]]] = MappingProxyType(
    {
        TextKind.PROSE: _Author.prose,
        TextKind.MARKDOWN: _Author.markdown,
        TextKind.CODE: _Author.code,
        TextKind.EMOJI: _Author.emoji,
        TextKind.MIXED: _Author.mixed,
        "thought": _Author.thought,
    }
)


def _places(seed: int) -> Iterator[str]:
    """Words that say whose they are and where they stand: no other seed has them, and none comes twice.

    Of 17,576 seeds, that is; the others repeat them.
    """
    for place in itertools.count():
        yield f"{' ' if place else ''}{_letters(seed, 3)}{_letters(place, 4)}"


def _letters(number: int, length: int) -> str:
    """The last digits of a number to the base 26."""
    digits = (number // 26**power % 26 for power in reversed(range(length)))
    return "".join(string.ascii_lowercase[digit] for digit in digits)


def _blocks(kind: str, seed: int) -> Iterator[str]:
    if kind == TextKind.PLACES:
        yield from _places(seed)
    author = _Author(Random(seed))  # noqa: S311 - repeatable on purpose, no secret
    write = _WRITERS[kind]
    while True:
        yield write(author)


class Library:
    """The token sources of a simulator, the most recently used ones kept."""

    def __init__(self, capacity: int = 32) -> None:
        self._capacity = capacity
        self._sources: OrderedDict[tuple[str, int], TokenSource] = OrderedDict()
        self._stamps: list[Token] = []

    def text(self, kind: TextKind, seed: int, count: int) -> list[Token]:
        """The first ``count`` tokens of an answer; ``kind`` may be any but ``echo``, whose text is the user's."""
        return self._source(kind, seed).first(count)

    def reasoning(self, seed: int, count: int) -> list[Token]:
        """The first ``count`` tokens of the thinking that comes before an answer."""
        return self._source("thought", seed).first(count)

    def stamps(self, count: int) -> list[Token]:
        """The first ``count`` stamps, their times open."""
        self._stamps.extend(make_token(open_stamp(index)) for index in range(len(self._stamps), count))
        return self._stamps[:count]

    def _source(self, kind: str, seed: int) -> TokenSource:
        source = self._sources.get((kind, seed))
        if source is None:
            source = self._sources[kind, seed] = TokenSource(_blocks(kind, seed))
            if len(self._sources) > self._capacity:
                self._sources.popitem(last=False)
        else:
            self._sources.move_to_end((kind, seed))
        return source
