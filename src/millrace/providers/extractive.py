"""Composing an answer out of passages: the best sentences for a question, grouped and cited. Pure; invents nothing.

Every sentence, list item, table row and code block of an answer stands in a passage. Two things are changed when they
are quoted: links to other files become their words, and numbers in brackets are escaped, since in an answer they cite.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from millrace.model.events import Citation, Passage
from millrace.text.blocks import Block, parse, sentences
from millrace.text.words import Stemmer, query_words

UnitKind = Literal["sentence", "item", "row", "code"]

_PASSAGES = 3
_UNITS_OF_FIRST, _UNITS_OF_OTHERS = 3, 2
_ITEMS_AFTER_INTRODUCTION = 12
_CODE_BLOCKS = 2
_OTHER_PASSAGE_SHARE = 0.75
_UNIT_SHARE = 0.6
"""How good another passage, and a further unit, must be against the best, to be quoted too."""
_DEFINITION = 0.6
"""What a unit is worth more that begins with what a question asks the meaning of."""
_SNIPPET_CHARACTERS = 300
_LONG_PASSAGE = 8000

_LOCAL_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?!https?://)[^()\s]*\)")
_IMAGE = re.compile(r"!\[([^\[\]]*)\]\([^()\s]*\)")
_BRACKET_NUMBER = re.compile(r"\[(\d+)\](?!\()")
_CODE_SPAN = re.compile(r"(`+[^`]*`+)")
_POINTS_BACK = re.compile(
    r"(?:It|Its|This|That|These|Those|They|Their|Then|Both|Otherwise|Such|But|So|Here)\b"
    r"|(?:When|If|Where|Once|After|As) (?:it|they|this|that|so)\b"
)
_ASKS_HOW = re.compile(
    r"\b(?:how|command|run|start|launch|install|set ?up|example|configure|connect|use|change|set|enable)\b",
    re.IGNORECASE,
)
_ASKS_WHAT = re.compile(r"\W*(?:what|who|define|explain|meaning)\b", re.IGNORECASE)
_ITEM_MARK = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s+")


class Question(Struct, frozen=True):
    """What is asked. `words` say what is sought, with their weights; those of an earlier question weigh less."""

    text: str
    words: Mapping[str, float]


class Part(Struct, frozen=True):
    """A stretch of the answer, with its closing white space. `citation` is the source that is first cited in it."""

    text: str
    citation: Citation | None = None


class _Unit(Struct, frozen=True):
    kind: UnitKind
    text: str
    block: int
    stems: frozenset[str]
    head: str = ""
    """A table's header and ruler, for a row of it."""


class _Scored(Struct, frozen=True):
    passage: Passage
    units: tuple[_Unit, ...]
    scores: tuple[float, ...]


def question(text: str, earlier: str = "", *, earlier_weight: float = 0.25) -> Question:
    """A question out of what the user wrote, and out of what they wrote before, which counts a little."""
    words = dict.fromkeys(query_words(earlier), earlier_weight) | dict.fromkeys(query_words(text), 1.0)
    return Question(text, words)


def compose(asked: Question, passages: Sequence[Passage], stemmer: Stemmer, *, numbered: bool = False) -> list[Part]:
    """The answer to `asked` out of `passages`, best first. Empty where they hold nothing that can be quoted.

    Where the passages are `numbered`, they are cited by their numbers, else in the order of the answer from 1 on.
    """
    units = [(passage, _units(passage, stemmer)) for passage in passages]
    scored = _score(asked, [(passage, found) for passage, found in units if found], stemmer)
    scored.sort(key=lambda each: -max(each.scores))
    if not scored:
        return []
    best = max(scored[0].scores)
    parts: list[Part] = []
    code_left = _CODE_BLOCKS
    quoted: set[str] = set()
    for group in scored[:_PASSAGES]:
        if max(group.scores) < best * _OTHER_PASSAGE_SHARE:
            break
        most = _UNITS_OF_OTHERS if parts else _UNITS_OF_FIRST
        chosen = _chosen(asked, group, most=most, code=code_left)
        fresh = [unit for unit in chosen if unit.text not in quoted]
        quoted.update(unit.text for unit in fresh)
        code_left -= sum(unit.kind == "code" for unit in fresh)
        if fresh:
            cited = sum(part.citation is not None for part in parts)
            parts += _rendered(fresh, group.passage, number=group.passage.number if numbered else cited + 1)
    return parts


def _units(passage: Passage, stemmer: Stemmer) -> tuple[_Unit, ...]:
    found: list[_Unit] = []
    for number, block in enumerate(parse(passage.snippet[:_LONG_PASSAGE])):
        found += [
            _Unit(kind, text, number, stemmer.stems(text), head) for kind, text, head in _pieces(block) if text.strip()
        ]
    return tuple(found)


def _pieces(block: Block) -> list[tuple[UnitKind, str, str]]:
    match block.kind:
        case "code":
            return [("code", block.text, "")]
        case "list":
            return [("item", _quotable(item), "") for item in block.items]
        case "table":
            header, ruler, *rows = block.items
            return [("row", _quotable(row), f"{_quotable(header)}\n{ruler}") for row in rows]
        case "paragraph":
            return [("sentence", _quotable(sentence), "") for sentence in sentences(block.text)]
        case "heading":
            return []


def _quotable(text: str) -> str:
    """Source text as it can stand in an answer. Code spans stay as they are."""
    spans = _CODE_SPAN.split(text)
    for at in range(0, len(spans), 2):
        plain = _LOCAL_LINK.sub(r"\1", _IMAGE.sub(r"\1", spans[at]))
        spans[at] = _BRACKET_NUMBER.sub(r"\\[\1\\]", plain)
    return "".join(spans)


def _score(asked: Question, found: Sequence[tuple[Passage, tuple[_Unit, ...]]], stemmer: Stemmer) -> list[_Scored]:
    """Each unit's worth: how much of the question it covers, rare words first, in how good a passage."""
    spread = Counter(stem for _, units in found for unit in units for stem in unit.stems)
    total = sum(len(units) for _, units in found)
    terms = []
    for word, weight in asked.words.items():
        stem, related = stemmer.stem(word), stemmer.related_stems(word)
        count = spread[stem] or max((spread[other] for other in related), default=0)
        if count:
            terms.append((stem, related, weight * math.log(1 + (total + 1) / (count + 0.5))))
    whole = sum(weight for _, _, weight in terms) or 1.0
    definition = _DEFINITION if _ASKS_WHAT.match(asked.text) else _DEFINITION / 3
    scored = []
    for passage, units in found:
        titled = stemmer.stems(passage.title)
        scores = []
        for at, unit in enumerate(units):
            covered = sum(
                weight * max(_closeness(stem, related, unit.stems), 0.6 * _closeness(stem, related, titled))
                for stem, related, weight in terms
            )
            worth = 0.3 + covered / whole + (0.1 if at == 0 else 0.0) + definition * _definition(terms, unit, stemmer)
            scores.append(passage.score * worth * _length_share(unit))
        scored.append(_Scored(passage, units, tuple(scores)))
    return scored


def _closeness(stem: str, related: frozenset[str], there: frozenset[str]) -> float:
    if stem in there:
        return 1.0
    return 0.7 if related & there else 0.0


def _definition(terms: Sequence[tuple[str, frozenset[str], float]], unit: _Unit, stemmer: Stemmer) -> float:
    """How much of a unit's subject was asked for: the first cell of a row, the first words of a sentence."""
    first = unit.text.strip("|").split("|", 1)[0] if unit.kind == "row" else " ".join(unit.text.split(maxsplit=3)[:3])
    subject = [stemmer.stem(word) for word in query_words(first)]
    asked = {stem for stem, _, _ in terms}
    return sum(stem in asked for stem in subject) / len(subject) if subject else 0.0


def _length_share(unit: _Unit) -> float:
    words = len(unit.text.split())
    if unit.kind == "code":
        return 0.9
    return 0.6 if words < 4 else 0.85 if words > 60 else 1.0


def _chosen(asked: Question, group: _Scored, *, most: int, code: int) -> list[_Unit]:
    units = group.units
    least = max(group.scores) * _UNIT_SHARE
    ranked = sorted(range(len(units)), key=lambda at: -group.scores[at])
    picked = {at for at in ranked[:most] if group.scores[at] >= least and units[at].kind != "code"}
    if not picked:
        picked = {next((at for at in ranked if units[at].kind != "code"), ranked[0])}
    picked |= {at for first in tuple(picked) for at in _needed(units, first)}
    code_blocks = sorted(_answering_code(asked, group, picked))[:code]
    introductions = {at - 1 for at in code_blocks if at and units[at - 1].text.endswith(":")}
    kept = {at for at in picked | introductions if units[at].kind != "code"}
    return [units[at] for at in sorted(kept | set(code_blocks))] or [units[ranked[0]]]


def _needed(units: Sequence[_Unit], at: int) -> set[int]:
    """What a unit cannot stand without: what it points back to, what introduces it, what it introduces."""
    needed: set[int] = set()
    unit = units[at]
    while unit.kind == "sentence" and _POINTS_BACK.match(unit.text) and at and units[at - 1].block == unit.block:
        at -= 1
        unit = units[at]
        needed.add(at)
    if unit.kind in ("item", "row"):
        before = next((each for each in range(at - 1, -1, -1) if units[each].block != unit.block), None)
        if before is not None and units[before].text.endswith(":"):
            needed.add(before)
    elif unit.text.endswith(":") and at + 1 < len(units) and units[at + 1].kind != "sentence":
        block = units[at + 1].block
        introduced = [each for each in range(at + 1, len(units)) if units[each].block == block]
        needed.update(introduced[:_ITEMS_AFTER_INTRODUCTION])
    return needed


def _answering_code(asked: Question, group: _Scored, picked: set[int]) -> set[int]:
    """Code that answers: introduced by what is quoted, or beside it where the question is how to do something."""
    blocks = {group.units[at].block for at in picked}
    how = _ASKS_HOW.search(asked.text) is not None
    found = set()
    for at, unit in enumerate(group.units):
        if unit.kind != "code":
            continue
        introduced = at > 0 and at - 1 in picked and group.units[at - 1].text.endswith(":")
        beside = unit.block - 1 in blocks
        if at in picked or introduced or (how and beside):
            found.add(at)
    return found


def _rendered(units: Sequence[_Unit], passage: Passage, *, number: int) -> list[Part]:
    """One passage's units as Markdown. The mark stands after the prose, or by itself where there is only code."""
    mark = f"[{number}]"
    runs: list[list[_Unit]] = []
    for unit in units:
        if runs and runs[-1][-1].kind == unit.kind and (unit.kind == "sentence" or runs[-1][-1].block == unit.block):
            runs[-1].append(unit)
        else:
            runs.append([unit])
    awaited = any(run[0].kind == "sentence" for run in runs)
    pending: Citation | None = _citation(units, passage, number)
    parts = []
    for at, run in enumerate(runs):
        introduced = at > 0 and runs[at - 1][-1].kind == "sentence" and runs[at - 1][-1].text.endswith(":")
        text, marked = _run(run, "" if introduced else mark)
        parts.append(Part(text, pending if marked else None))
        if not marked and not awaited:
            parts.append(Part(f"{mark}\n\n", pending))
        if marked or not awaited:
            pending, awaited = None, True
    return parts


def _run(run: Sequence[_Unit], mark: str) -> tuple[str, bool]:
    """Units of one kind as Markdown with its closing white space, and whether it holds the mark, if there is one."""
    match run[0].kind:
        case "sentence":
            return _with_mark(" ".join(unit.text for unit in run), mark) + "\n\n", True
        case "item" if mark and "```" not in run[-1].text and "~~~" not in run[-1].text:
            return "\n".join(unit.text for unit in run) + f" {mark}\n\n", True
        case "row":
            return "\n".join([run[0].head, *(unit.text for unit in run)]) + "\n\n", False
        case _:
            return "\n".join(unit.text for unit in run) + "\n\n", False


def _with_mark(prose: str, mark: str) -> str:
    # "Run this:" keeps its colon last, so that it still leads to what follows.
    return f"{prose[:-1]} {mark}:" if prose.endswith(":") else f"{prose} {mark}"


def _citation(units: Sequence[_Unit], passage: Passage, number: int) -> Citation:
    quoted = " ".join(
        _ITEM_MARK.sub("", unit.text, count=1) if unit.kind == "item" else unit.text
        for unit in units
        if unit.kind != "code"
    )
    snippet = " ".join((quoted or units[0].text).split())
    if len(snippet) > _SNIPPET_CHARACTERS:
        snippet = snippet[: _SNIPPET_CHARACTERS - 1].rstrip() + "…"
    return Citation(
        title=passage.title,
        url=passage.url,
        snippet=snippet,
        number=number,
        document_id=passage.document_id,
        chunk_id=passage.chunk_id,
        page=passage.page,
    )
