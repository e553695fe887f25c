import subprocess
import sys

import pytest

from millrace.model.events import Usage
from millrace.providers.pricing import Pricing

OPENAI = "https://api.openai.com/v1"


@pytest.fixture(scope="module")
def pricing() -> Pricing:
    pricing = Pricing()
    pricing.load()
    pricing.load()
    return pricing


def test_cost(pricing: Pricing) -> None:
    assert pricing.cost(OPENAI, "gpt-4o-mini", Usage(1_000_000, 0)) == pytest.approx(0.15)
    assert pricing.cost(OPENAI, "gpt-4o-mini", Usage(0, 1_000_000)) == pytest.approx(0.6)


def test_cached_tokens_are_cheaper(pricing: Pricing) -> None:
    assert pricing.cost(OPENAI, "gpt-4o-mini", Usage(1_000_000, 0, None, 1_000_000)) == pytest.approx(0.075)
    assert pricing.cost(OPENAI, "gpt-4o-mini", Usage(10, 0, None, 11)) is not None


@pytest.mark.parametrize(
    ("base_url", "model"), [(OPENAI, "nobody"), ("http://localhost:11434/v1", "gpt-4o-mini"), ("x", "gpt-4o")]
)
def test_unknown(pricing: Pricing, base_url: str, model: str) -> None:
    assert pricing.cost(base_url, model, Usage(1, 1)) is None
    assert pricing.context_length(base_url, model) is None


def test_context_length(pricing: Pricing) -> None:
    assert pricing.context_length(OPENAI, "gpt-4o-mini") == 128_000


def test_nothing_is_known_before_loading() -> None:
    assert Pricing().cost(OPENAI, "gpt-4o-mini", Usage(1, 1)) is None
    assert Pricing().context_length(OPENAI, "gpt-4o-mini") is None
    assert not Pricing().loaded


def test_importing_the_providers_does_not_load_the_prices() -> None:
    code = "import sys, millrace.providers.registry; sys.exit('genai_prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
