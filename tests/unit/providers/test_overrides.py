"""What the operator says of a model counts, and nothing that was not said changes."""

import pytest

from millrace.model.events import Usage
from millrace.model.generation import Capabilities, ModelInfo
from millrace.providers.overrides import ModelOverride, Price, override_of

KNOWN = ModelInfo("p/m", "p", "m", Capabilities(reasoning=True, citations=True), 8192)


def test_what_is_said_counts_and_the_rest_stays() -> None:
    assert ModelOverride().applied(KNOWN) == KNOWN
    said = ModelOverride(streaming=False, reasoning=False, context_length=100).applied(KNOWN)
    assert said.capabilities == Capabilities(citations=True, streaming=False)
    assert said.context_length == 100


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(1_000_000, 0), 2.0),
        (Usage(0, 1_000_000), 10.0),
        (Usage(1_000_000, 1_000_000, cached_tokens=500_000), 11.25),
        (Usage(100, 0, cached_tokens=900), 0.00005),
        (Usage(), 0.0),
    ],
)
def test_prices_are_per_million_tokens(usage: Usage, cost: float) -> None:
    assert Price(2.0, 10.0, cached_input=0.5).of(usage) == pytest.approx(cost)


def test_cached_input_costs_what_other_input_does_unless_said() -> None:
    assert Price(2.0, 10.0).of(Usage(1_000_000, 0, cached_tokens=1_000_000)) == 2.0


def test_the_name_itself_counts_before_patterns_and_the_first_pattern_before_others() -> None:
    exact, small, all_ = (ModelOverride(context_length=length) for length in (1, 2, 3))
    said = {"*": all_, "gpt-*-mini": small, "gpt-5-mini": exact}
    assert override_of("gpt-5-mini", said) is exact
    assert override_of("gpt-4.1-mini", said) is all_
    assert override_of("gpt-4.1-mini", {"gpt-*-mini": small, "*": all_}) is small
    assert override_of("gpt-4x1", {"gpt-4.1": exact, "gpt-4?1": small}) is None, "only * is special"
    assert override_of("m", {}) is None
