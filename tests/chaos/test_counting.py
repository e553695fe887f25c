"""Each counter counts what it is for: streams that are broken on purpose."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from chaos.counting import Counts, Evidence, Kept, count, total
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace
from tests.support.chat_client import digest
from tests.support.speakers import Over

from millrace.testing.simulator import expected_tokens

TOKENS = expected_tokens("sim?text=places&seed=3&tokens=6")
TEXT = "".join(TOKENS)
WHOLE = Evidence(TEXT.split(), TOKENS, [Over("complete", TEXT, digest(TEXT))], Kept(TEXT, "complete"))
FAILED = Over("failed", code="STREAM_ERROR")


def seen(*places: int, **changes: Any) -> Evidence:
    """A client that got these tokens, whose end says so."""
    pieces = [TOKENS[place] for place in places]
    end = Over("complete", digest=digest("".join(pieces)))
    return replace(WHOLE, pieces=pieces, ends=[end], **changes)


def wrong(evidence: Evidence) -> dict[str, int]:
    return dict(count(evidence).violations())


def test_a_whole_answer_is_right() -> None:
    assert count(WHOLE) == Counts(turns=1, tokens=6, completed=1)
    assert wrong(WHOLE) == {}


@given(st.sets(st.integers(1, len(TEXT) - 1)))
def test_how_it_is_cut_does_not_matter(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(TEXT)]
    pieces = [TEXT[start:end] for start, end in itertools.pairwise(edges)]
    assert wrong(replace(WHOLE, pieces=pieces)) == {}


def test_lost() -> None:
    assert wrong(seen(0, 1, 3, 4, 5)) == {"lost": 1, "digests": 1}
    assert wrong(seen(0, 1)) == {"lost": 4, "digests": 1}, "also at the end"
    assert wrong(seen()) == {"lost": 6, "digests": 1}


def test_doubled() -> None:
    assert wrong(seen(0, 1, 2, 2, 3, 4, 5)) == {"doubled": 1, "digests": 1}
    assert wrong(seen(0, 1, 2, 0, 1, 2, 3, 4, 5)) == {"doubled": 3, "digests": 1}, "from the start again"


def test_reordered() -> None:
    assert wrong(seen(0, 2, 1, 3, 4, 5)) == {"reordered": 1, "digests": 1}


def test_taken_back() -> None:
    shorter = Kept("".join(TOKENS[:4]), "failed")
    ended = replace(WHOLE, ends=[FAILED], kept=shorter, honest=frozenset({"STREAM_ERROR"}))
    assert wrong(ended) == {"taken_back": 2, "digests": 1}
    assert wrong(replace(WHOLE, kept=None)) == {"taken_back": 6, "digests": 1}, "nothing is kept"


def test_foreign() -> None:
    other = expected_tokens("sim?text=places&seed=4&tokens=6")
    strange = replace(WHOLE, pieces=[*TOKENS[:5], other[5]], ends=[Over("complete")])
    assert wrong(strange) == {"lost": 1, "foreign": 1, "taken_back": 1, "digests": 1}
    half = replace(WHOLE, pieces=[*TOKENS[:5], TOKENS[5][:4]], ends=[Over("complete")])
    assert wrong(half)["foreign"] == 1, "half a word is none"


@pytest.mark.parametrize(
    "changes",
    [
        {"ends": [Over("complete", digest="0" * 64)]},
        {"ends": [Over("complete", TEXT + "!")]},
        {"kept": Kept(TEXT + " and more", "complete")},
    ],
    ids=["digest", "text of the end", "text kept"],
)
def test_digests(changes: dict[str, Any]) -> None:
    assert wrong(replace(WHOLE, **changes)) == {"digests": 1}


@pytest.mark.parametrize(
    ("ends", "counter"),
    [([], "endless"), ([*WHOLE.ends, *WHOLE.ends], "ends_twice"), ([*WHOLE.ends, FAILED], "ends_twice")],
)
def test_exactly_one_end(ends: Sequence[Over], counter: str) -> None:
    assert wrong(replace(WHOLE, ends=ends)) == {counter: 1}


def test_an_end_that_the_fault_may_not_lead_to() -> None:
    failed = replace(WHOLE, ends=[FAILED], kept=Kept(TEXT, "failed"))
    assert wrong(failed) == {"wrong_ends": 1}
    assert wrong(replace(failed, honest=frozenset({"INTERRUPTED"}))) == {"wrong_ends": 1}
    assert wrong(replace(failed, honest=frozenset({"STREAM_ERROR"}))) == {}
    assert wrong(replace(WHOLE, honest=frozenset({"STREAM_ERROR"}))) == {"wrong_ends": 1}


def test_what_breaks_the_protocol() -> None:
    assert wrong(replace(WHOLE, faults=["AssertionError('a chunk is missing')"])) == {"broken": 1}


def test_an_answer_that_ended_early_may_lack_its_end_but_has_no_gap() -> None:
    kept = Kept("".join(TOKENS[:4]), "failed")
    ended = seen(0, 1, 2, 3, kept=kept, honest=frozenset({"STREAM_ERROR"}))
    ended = replace(ended, ends=[FAILED])
    assert wrong(ended) == {}
    assert wrong(replace(ended, pieces=[TOKENS[0], TOKENS[2], TOKENS[3]])) == {"lost": 1, "digests": 1}
    assert wrong(replace(ended, pieces=TOKENS[:3])) == {"lost": 1, "digests": 1}, "kept, but never shown"


def test_who_was_sent_to_the_conversation_has_the_rest_from_there() -> None:
    told = seen(0, 1, 2, told=True, honest=frozenset({"complete", "STREAM_ERROR"}))
    completed = replace(told, ends=[Over("complete", logged=False)])
    assert wrong(completed) == {}
    assert count(completed).told == 1
    half = Kept("".join(TOKENS[:4]), "complete")
    assert wrong(replace(completed, kept=half)) == {"digests": 1}, "complete, they say, and it is not"
    failed = replace(
        told, ends=[Over("failed", code="STREAM_ERROR", logged=False)], kept=replace(half, status="failed")
    )
    assert wrong(failed) == {}
    assert wrong(replace(failed, pieces=[TOKENS[0], TOKENS[2]])) == {"lost": 1, "digests": 1}
    assert wrong(replace(failed, kept=Kept(TOKENS[0], "failed"))) == {"taken_back": 2, "digests": 1}


def test_counts_add_up() -> None:
    both = total([count(WHOLE), count(seen(0, 1)), Counts(leaked=2)])
    assert both == Counts(turns=2, tokens=8, completed=2, lost=4, digests=1, leaked=2)
    assert both.violations() == {"lost": 4, "digests": 1, "leaked": 2}


def test_every_counter_but_the_harmless_is_a_violation() -> None:
    harmless = {"turns", "in_flight", "returns", "tokens", "completed", "failed", "told"}
    everything = Counts(**dict.fromkeys(asdict(Counts()), 1))
    assert set(everything.violations()) == set(asdict(Counts())) - harmless
