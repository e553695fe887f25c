"""What a turn's log says to operators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.turns import completed

from millrace.model.events import (
    AnyEvent,
    Entry,
    ProviderSwitched,
    ReasoningDelta,
    TextDelta,
    TurnCancelled,
    TurnFailed,
    TurnResumed,
    TurnStarted,
    Usage,
)
from millrace.ops.turn_figures import GAPS, turn_figures

STARTED = TurnStarted("t", "s", "m", "q", "sim/sim")


def log(*timed: tuple[int, AnyEvent]) -> list[Entry]:
    return [Entry(seq, at, event) for seq, (at, event) in enumerate(timed)]


def test_times_run_from_the_start_and_between_pieces_of_text() -> None:
    figures = turn_figures(
        log(
            (1_000, STARTED),
            (1_100, ReasoningDelta("hm")),
            (1_250, TextDelta(0, "a")),
            (1_300, ProviderSwitched("sim/sim", "other/x", "down", 1)),
            (1_350, TurnResumed(1, 2)),
            (1_450, TextDelta(1, "b")),
            (1_460, TextDelta(2, "c")),
            (9_999, completed()),
        )
    )
    assert figures.first_token_s == 0.25
    assert figures.gaps_s == (0.01, 0.2), "newest first"
    assert (figures.fallbacks, figures.resumptions) == ((("sim", "down"),), 1)
    assert (figures.outcome, figures.code) == ("completed", None)


@pytest.mark.parametrize(
    ("end", "outcome", "code", "tokens"),
    [
        (TurnFailed("PROVIDER_FAILURE", "m", recoverable=True, digest=""), "failed", "PROVIDER_FAILURE", 0),
        (TurnCancelled("user", "", 0, Usage(3, 4)), "cancelled", None, 4),
    ],
)
def test_an_answer_without_text_has_no_times(end: AnyEvent, outcome: str, code: str | None, tokens: int) -> None:
    figures = turn_figures(log((0, STARTED), (50, end)))
    assert (figures.first_token_s, figures.gaps_s) == (None, ())
    assert (figures.outcome, figures.code, figures.usage.output_tokens) == (outcome, code, tokens)


@given(st.lists(st.integers(0, 10**13), max_size=50))
def test_no_time_is_negative_whatever_the_clock_did(times: list[int]) -> None:
    said = [(at, TextDelta(index, "x")) for index, at in enumerate(times)]
    figures = turn_figures(log((5, STARTED), *said, (6, completed())))
    assert len(figures.gaps_s) == max(0, len(times) - 1)
    assert all(gap >= 0 for gap in (*figures.gaps_s, figures.first_token_s or 0))


def test_a_very_long_answer_costs_no_more_than_its_end() -> None:
    said = [(at * 2, TextDelta(at, "x")) for at in range(GAPS + 500)]
    figures = turn_figures(log((0, STARTED), *said, (10**6, completed())))
    assert figures.gaps_s == (0.002,) * GAPS
