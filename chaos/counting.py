"""What one client got of one answer, held against what it should have got. Pure.

Every token of these answers is a word of its own (the simulator's `text=places`), so each one is accounted for: a sum
could come out right by chance, a place cannot.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import asdict
from tests.support.speakers import Over


class Kept(Struct, frozen=True):
    """An answer as the conversation has it afterwards."""

    text: str
    status: str
    code: str | None = None


class Evidence(Struct, frozen=True):
    """What is known of one answer when all is over.

    Attributes:
        expected: The words of the whole answer, in order; no word twice.
        pieces: What the client was given, over all its connections, in the order in which it came.
        ends: Every terminal event that reached it.
        kept: The answer in the conversation; none if it is not there.
        honest: The ends that this fault may lead to: `complete`, or the code of an error.
        told: The client learned of the end from the conversation, after an error that was no entry of the log.
        faults: What the client could not make sense of.
    """

    expected: Sequence[str]
    pieces: Sequence[str]
    ends: Sequence[Over]
    kept: Kept | None
    honest: frozenset[str] = frozenset({"complete"})
    told: bool = False
    faults: Sequence[str] = ()


class Counts(Struct, frozen=True):
    """How often what happened; from `lost` on all must be 0.

    Attributes:
        turns: Answers.
        in_flight: Of these, how many were being written when the fault came.
        returns: How often clients came back, because they had lost the connection or been refused.
        tokens: Tokens that clients got, doubled ones included.
        completed: Answers that came to their natural end.
        failed: Answers that ended with an error that this fault may lead to.
        told: Of these, how many learned of it from the conversation.
        lost: Tokens that are missing before the end of what was said.
        doubled: Tokens that came again.
        reordered: Tokens that came after a later one.
        taken_back: Tokens that a client got and the conversation does not have.
        foreign: Words that are not of this answer.
        digests: Digests that are not that of the text the client got, and texts kept that are not.
        endless: Answers without a terminal event.
        ends_twice: Answers with more than one.
        wrong_ends: Answers that ended otherwise than this fault may lead to.
        broken: Answers of which a client got something that breaks the protocol.
        leaked: Connections to the provider that were still open when all was over.
    """

    turns: int = 0
    in_flight: int = 0
    returns: int = 0
    tokens: int = 0
    completed: int = 0
    failed: int = 0
    told: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    taken_back: int = 0
    foreign: int = 0
    digests: int = 0
    endless: int = 0
    ends_twice: int = 0
    wrong_ends: int = 0
    broken: int = 0
    leaked: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        mine, others = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + others[name] for name in mine})

    def violations(self) -> Mapping[str, int]:
        """Whatever should not have happened."""
        return {name: number for name, number in asdict(self).items() if number and name not in _HARMLESS}


_HARMLESS = ("turns", "in_flight", "returns", "tokens", "completed", "failed", "told")


def total(counts: Iterable[Counts]) -> Counts:
    """All of them together."""
    return sum(counts, Counts())


def count(evidence: Evidence) -> Counts:
    """What happened to one answer."""
    places = {word: place for place, word in enumerate(evidence.expected)}
    text = "".join(evidence.pieces)
    words = _words(text)
    seen = [places[word] for word in words if word in places]
    unique = set(seen)
    end = evidence.ends[0] if evidence.ends else None
    completed = end is not None and end.kind == "complete"
    kept_words = _words(evidence.kept.text) if evidence.kept is not None else []
    return Counts(
        turns=1,
        tokens=len(words),
        completed=completed,
        failed=end is not None and not completed,
        told=evidence.told,
        lost=len(set(range(_due(evidence, completed=completed, seen=unique))) - unique),
        doubled=len(seen) - len(unique),
        reordered=_reordered(seen),
        taken_back=len(set(words) - set(kept_words)) if end is not None else 0,
        foreign=len(words) - len(seen),
        digests=_wrong_digest(evidence, text),
        endless=end is None,
        ends_twice=len(evidence.ends) > 1,
        wrong_ends=end is not None and _name(end) not in evidence.honest,
        broken=bool(evidence.faults),
    )


def _words(text: str) -> list[str]:
    """The words of a text, also where an answer that began anew was glued to the one before; all have seven letters."""
    return re.findall(r"\w{1,7}|[^\w\s]+", text)


def _due(evidence: Evidence, *, completed: bool, seen: set[int]) -> int:
    """How many of the first tokens a client must have: all, or those before the last that it has or that is kept."""
    if completed and not evidence.told:
        return len(evidence.expected)
    kept = set(_words(evidence.kept.text)) if evidence.kept is not None and evidence.ends else set()
    known = [place for place, word in enumerate(evidence.expected) if word in kept]
    # Who learned of the end from the conversation has its text from there too.
    return max((*seen, *(() if evidence.told else known)), default=-1) + 1


def _reordered(seen: Sequence[int]) -> int:
    highest, late = -1, set()
    first: set[int] = set()
    for place in seen:
        if place < highest and place not in first:
            late.add(place)
        first.add(place)
        highest = max(highest, place)
    return len(late)


def _wrong_digest(evidence: Evidence, text: str) -> bool:
    """Whether what an end says of the text, or the text that is kept, is not the text that the client got."""
    if not evidence.ends:
        return False
    end = evidence.ends[0]
    if end.digest is not None and end.digest != hashlib.sha256(text.encode()).hexdigest():
        return True
    if end.text is not None and end.text != text:
        return True
    if evidence.kept is None:
        return True
    if end.kind == "complete" and _words(evidence.kept.text) != list(evidence.expected):
        return True
    return not evidence.kept.text.startswith(text) if evidence.told else evidence.kept.text != text


def _name(end: Over) -> str:
    return end.kind if end.kind != "failed" else end.code or "failed"
