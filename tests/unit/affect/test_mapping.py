"""The rules, and that no rule rewards a learner for doing worse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from millrace.affect.interventions import Intervention
from millrace.affect.levels import Levels
from millrace.affect.mapping import Burden, Streaks, interventions_of, load_of, load_score, readiness_of

READINESS = ("low", "moderate", "good", "optimal")
LOAD = ("optimal", "high", "overloaded")
SHARE = st.floats(0.0, 1.0)
LEVELS = st.builds(Levels, SHARE, SHARE, SHARE, SHARE, SHARE, SHARE, SHARE)
STREAKS = st.builds(Streaks, *[st.integers(0, 4)] * 5)
BURDENS = st.builds(Burden, SHARE, SHARE, SHARE, SHARE)


@pytest.mark.parametrize(
    ("levels", "streaks", "readiness"),
    [
        (Levels(), Streaks(), "good"),
        (Levels(confused=0.9), Streaks(confused=1), "good"),
        (Levels(confused=0.9), Streaks(confused=3), "moderate"),
        (Levels(engaged=0.5), Streaks(), "optimal"),
        (Levels(resolved=0.7, frustrated=0.24), Streaks(), "optimal"),
        (Levels(engaged=0.9, frustrated=0.25), Streaks(), "good"),
        (Levels(engaged=0.9, frustrated=0.35), Streaks(), "moderate"),
        (Levels(anxious=0.4), Streaks(), "moderate"),
        (Levels(frustrated=0.8), Streaks(frustrated=1), "moderate"),
        (Levels(frustrated=0.8), Streaks(frustrated=2), "low"),
        (Levels(bored=0.5), Streaks(), "low"),
        (Levels(anxious=0.5), Streaks(), "low"),
        (Levels(low=0.5, engaged=1.0), Streaks(), "low"),
    ],
)
def test_readiness(levels: Levels, streaks: Streaks, readiness: str) -> None:
    assert readiness_of(levels, streaks) == readiness


def test_load() -> None:
    everything = Burden(1.0, 1.0, 1.0, 1.0)
    assert load_score(Levels(confused=1.0), everything) == pytest.approx(1.0)
    assert load_score(Levels(confused=1.0), Burden()) == pytest.approx(0.35)
    assert load_of(0.349, Burden()) == "optimal"
    assert load_of(0.35, Burden()) == load_of(0.65, Burden()) == "high"
    assert load_of(0.66, Burden()) == "overloaded"
    assert load_of(0.0, Burden(overload=1.0)) == "overloaded"
    assert load_of(0.1, Burden(overload=0.5)) == "optimal"


def ways(levels: Levels, now: Levels, streaks: Streaks, load: str = "optimal") -> tuple[Intervention, ...]:
    return interventions_of(
        levels, now, streaks, readiness_of(levels, streaks), "overloaded" if load != "optimal" else "optimal"
    )


def test_interventions() -> None:
    fresh, lasting = Streaks(confused=1, puzzled=1), Streaks(confused=2, puzzled=2)
    puzzled = Levels(confused=0.8)
    assert ways(puzzled, puzzled, fresh) == (Intervention.HINT,)
    assert ways(puzzled, puzzled, lasting) == (Intervention.WORKED_EXAMPLE,)
    assert ways(Levels(frustrated=0.2), Levels(frustrated=0.6), Streaks()) == (Intervention.ACKNOWLEDGE,)
    assert ways(Levels(anxious=0.4), Levels(), Streaks()) == (Intervention.LOW_STAKES,)
    assert ways(Levels(bored=0.4), Levels(), Streaks()) == (Intervention.CHALLENGE,)
    assert ways(Levels(), Levels(), Streaks(), "overloaded") == (Intervention.ONE_IDEA,)
    assert ways(Levels(engaged=0.6), Levels(), Streaks(engaged=2)) == (Intervention.EXTEND,)
    assert ways(Levels(resolved=0.2), Levels(resolved=0.6), Streaks()) == (Intervention.EXTEND,)
    assert ways(Levels(engaged=0.6, confused=0.6), puzzled, fresh) == (Intervention.HINT,)
    assert ways(Levels(), Levels(), Streaks()) == ()


def test_who_says_that_it_is_clear_now_needs_no_words_about_the_trouble_before() -> None:
    lingering = Levels(frustrated=0.6, anxious=0.4, resolved=0.4)
    assert ways(lingering, Levels(resolved=0.9), Streaks(frustrated=3)) == (Intervention.EXTEND,)
    assert Intervention.ACKNOWLEDGE in ways(lingering, Levels(resolved=0.9, frustrated=0.4), Streaks())
    assert Intervention.LOW_STAKES in ways(lingering, Levels(resolved=0.4), Streaks())


def test_a_plain_question_asks_for_an_answer_and_nothing_else() -> None:
    question = Levels(engaged=0.8, confused=0.5)
    assert ways(question, question, Streaks(confused=1, engaged=1)) == ()


def test_the_most_urgent_comes_first() -> None:
    bad = Levels(confused=1.0, frustrated=1.0, anxious=1.0, bored=1.0)
    found = ways(bad, bad, Streaks(2, 3, 3, 0, 3), "overloaded")
    assert found == tuple(way for way in Intervention if way in found)
    assert found[0] == Intervention.ONE_IDEA


@given(LEVELS, STREAKS, st.sampled_from(["confused", "frustrated", "anxious", "low", "bored"]), SHARE)
def test_what_is_bad_never_improves_readiness(levels: Levels, streaks: Streaks, name: str, value: float) -> None:
    worse = structs.replace(levels, **{name: max(value, getattr(levels, name))})
    assert READINESS.index(readiness_of(worse, streaks)) <= READINESS.index(readiness_of(levels, streaks))


@given(LEVELS, STREAKS, st.sampled_from(["frustrated", "confused", "puzzled", "errors"]))
def test_what_lasts_longer_never_improves_readiness(levels: Levels, streaks: Streaks, name: str) -> None:
    longer = structs.replace(streaks, **{name: getattr(streaks, name) + 1})
    assert READINESS.index(readiness_of(levels, longer)) <= READINESS.index(readiness_of(levels, streaks))


@given(LEVELS, STREAKS, st.sampled_from(["engaged", "resolved"]), SHARE)
def test_what_is_good_never_lowers_readiness(levels: Levels, streaks: Streaks, name: str, value: float) -> None:
    better = structs.replace(levels, **{name: max(value, getattr(levels, name))})
    assert READINESS.index(readiness_of(better, streaks)) >= READINESS.index(readiness_of(levels, streaks))


@given(LEVELS, BURDENS, st.sampled_from(Burden.__struct_fields__), SHARE, SHARE)
def test_more_burden_or_confusion_never_lowers_the_load(
    levels: Levels, burden: Burden, name: str, value: float, confused: float
) -> None:
    heavier = structs.replace(burden, **{name: max(value, getattr(burden, name))})
    worse = structs.replace(levels, confused=max(confused, levels.confused))
    before, after = load_score(levels, burden), load_score(worse, heavier)
    assert 0.0 <= before <= after + 1e-12 <= 1.0 + 1e-9
    assert LOAD.index(load_of(after, heavier)) >= LOAD.index(load_of(before, burden))


@given(LEVELS, LEVELS, STREAKS, st.sampled_from(["frustrated", "anxious", "bored"]), SHARE)
def test_a_help_that_is_due_stays_due_when_it_gets_worse(
    levels: Levels, now: Levels, streaks: Streaks, name: str, value: float
) -> None:
    worse = structs.replace(levels, **{name: max(value, getattr(levels, name))})
    assert {*ways(levels, now, streaks)} - {Intervention.EXTEND} <= {*ways(worse, now, streaks)}
