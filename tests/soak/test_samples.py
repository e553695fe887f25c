"""A leak is seen as one, and what only fills up is not."""

import pytest
from msgspec.structs import replace
from soak.samples import Sample, problems

REST = Sample(
    turns=0,
    rss_mib=160.0,
    blocks=870_000,
    tasks=6,
    answers=0,
    sockets=20,
    clients=0,
    files=50,
    lasting_keys=2,
    fading_keys=400,
    remembered=0,
)


def grown(by: str, each: float, *, rounds: int = 5, turns: int = 40) -> list[Sample]:
    """So many rounds, with something more of `by` after each answer."""
    return [
        replace(REST, turns=number * turns, **{by: getattr(REST, by) + type(getattr(REST, by))(number * turns * each)})
        for number in range(1, rounds + 1)
    ]


def test_a_server_that_stays_as_it_is_has_no_problem() -> None:
    assert problems(grown("remembered", 2)) == [], "what is remembered on purpose"
    assert problems(grown("fading_keys", 2)) == [], "what ends by itself"


@pytest.mark.parametrize(
    ("what", "each"),
    [
        ("rss_mib", 0.1),
        ("blocks", 60),
        ("tasks", 0.1),
        ("sockets", 0.25),
        ("files", 0.25),
        ("lasting_keys", 0.1),
    ],
)
def test_something_for_each_answer_is_a_leak(what: str, each: float) -> None:
    (problem,) = problems(grown(what, each))
    assert "grew by" in problem


def test_a_long_run_sees_a_small_leak() -> None:
    assert problems(grown("blocks", 5, rounds=12, turns=300))
    assert problems(grown("blocks", 1, rounds=12, turns=300)) == []


def test_what_is_held_at_rest_is_a_problem_though_it_does_not_grow() -> None:
    holding = [replace(sample, clients=1) for sample in grown("tasks", 0)]
    assert problems(holding) == ["At rest it holds 0 answers and 1 sockets of clients."]


def test_what_comes_before_the_server_is_warm_counts_for_nothing() -> None:
    cold = replace(REST, turns=10, rss_mib=100.0, blocks=500_000, tasks=2)
    assert problems([cold, *grown("tasks", 0)]) == []
    assert "too few" in problems([cold, REST])[0]
