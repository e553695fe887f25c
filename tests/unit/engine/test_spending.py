"""Every call of a turn is counted once: as its provider said, or by our estimate, which is marked."""

import pytest

from millrace.engine.spending import Spending
from millrace.model.events import Part, Usage
from millrace.model.generation import Abandoned, EarlierCall, UsageReported


def price(model: str, usage: Usage) -> float | None:
    return None if model == "free/m" else (usage.input_tokens + usage.output_tokens) / 100


@pytest.fixture
def spending() -> Spending:
    spending = Spending("a/m", price)
    spending.asked(10)
    return spending


def test_what_the_provider_said_counts(spending: Spending) -> None:
    spending.hear(UsageReported(Usage(12, 3)))
    part = spending.current("words", "", 3, whole=True)
    assert part == Part("a/m", Usage(12, 3), 0.15, 5)
    spending.hear(UsageReported(Usage(12, 3), 7.0))
    assert spending.current("words", "", 3, whole=True).cost == 7.0
    assert (spending.usage(part), spending.cost(part), spending.parts(part)) == (Usage(12, 3), 0.15, ())


def test_without_a_word_of_it_tokens_are_estimated(spending: Spending) -> None:
    part = spending.current("x" * 40, "y" * 8, 2, whole=False)
    assert part.usage == Usage(10, 12, estimated=True)
    assert spending.current("x", "", 9, whole=False).usage.output_tokens == 9, "no piece is less than a token"


def test_a_report_from_the_beginning_of_a_broken_part_is_completed(spending: Spending) -> None:
    spending.hear(UsageReported(Usage(12, 1, cached_tokens=4), 0.01))
    assert spending.current("x" * 40, "", 5, whole=False) == Part(
        "a/m", Usage(12, 10, cached_tokens=4, estimated=True), 0.22, 40
    )
    assert spending.current("x" * 40, "", 5, whole=True).usage == Usage(12, 1, cached_tokens=4)
    spending.hear(UsageReported(Usage(12, 8)))
    assert spending.current("x" * 40, "", 5, whole=False).usage == Usage(12, 8), "it counts otherwise than we do"


def test_calls_before_the_answer_are_added(spending: Spending) -> None:
    spending.hear(EarlierCall(Usage(5, 5), 1.0))
    spending.hear(UsageReported(Usage(20, 10)))
    assert spending.current("words", "", 1, whole=True) == Part("a/m", Usage(25, 15), 1.3, 5)


def test_several_parts_are_summed_up(spending: Spending) -> None:
    spending.close(spending.current("x" * 8, "", 2, whole=False), "b/m")
    assert spending.model == "b/m"
    second = spending.current("y" * 4, "", 1, whole=False)
    assert second.usage == Usage(12, 1, estimated=True), "it was given what the first one had said"
    spending.hear(UsageReported(Usage(14, 1)))
    second = spending.current("y" * 4, "", 1, whole=True)
    assert spending.parts(second) == (
        Part("a/m", Usage(10, 2, estimated=True), 0.12, 8),
        Part("b/m", Usage(14, 1), 0.15, 4),
    )
    assert spending.usage(second) == Usage(24, 3, estimated=True)
    assert spending.cost(second) == pytest.approx(0.27)
    spending.close(second, "free/m")
    assert spending.cost(spending.current("", "", 0, whole=True)) is None, "one without a price, and there is no sum"


def test_who_was_asked_in_vain_costs_too(spending: Spending) -> None:
    spending.hear(Abandoned("b/m"))
    spending.hear(Abandoned("c/m", Usage(11, 1), 0.5))
    spending.hear(UsageReported(Usage(10, 1)))
    part = spending.current("word", "", 1, whole=True)
    assert spending.parts(part) == (Part("b/m", Usage(10, estimated=True), 0.1), Part("c/m", Usage(11, 1), 0.5), part)


def test_what_a_dead_process_had_asked_is_counted_once_the_prompt_is_known() -> None:
    spending = Spending("a/m", price)
    spending.lose("x" * 8, "", 2)
    spending.asked(10)
    part = spending.current("", "", 0, whole=True)
    assert spending.parts(part)[0] == Part("a/m", Usage(10, 2, estimated=True), 0.12, 8)
    spending.asked(11)
    assert spending.parts(part)[0].usage.input_tokens == 10


def test_whether_it_was_worked_on(spending: Spending) -> None:
    assert not spending.is_used("", "")
    assert spending.is_used("x", "")
    spending.hear(UsageReported(Usage(1, 0)))
    assert spending.is_used("", "")
