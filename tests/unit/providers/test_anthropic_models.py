"""What Anthropic's models can, by their names and by their listing."""

from typing import Any

import pytest

from millrace.providers.anthropic_models import ClaudeModel, Thinking, claude_info, claude_model, listed_models


@pytest.mark.parametrize(
    ("name", "thinking", "prefill"),
    [
        ("claude-2.1", "none", True),
        ("claude-3-opus-20240229", "none", True),
        ("claude-3-5-haiku-latest", "none", True),
        ("claude-3-7-sonnet-20250219", "enabled", True),
        ("claude-sonnet-4-20250514", "enabled", True),
        ("claude-opus-4-1", "enabled", True),
        ("claude-haiku-4-5-20251001", "enabled", True),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "enabled", True),
        ("claude-opus-4-6", "adaptive", False),
        ("claude-sonnet-4.6", "adaptive", False),
        ("claude-opus-5", "adaptive", False),
        ("claude-fable-5-2", "adaptive", False),
        ("claude-mythos-preview", "adaptive", False),
        ("kimi-k2-thinking", "enabled", False),
    ],
)
def test_names(name: str, thinking: Thinking, prefill: bool) -> None:
    assert claude_model(name) == ClaudeModel(thinking, prefill)
    capabilities = claude_info("anthropic", name).capabilities
    assert (capabilities.reasoning, capabilities.prefill) == (thinking != "none", prefill)


def test_a_model_of_another_house_reasons_as_far_as_its_name_tells() -> None:
    assert not claude_info("house", "glm-mini").capabilities.reasoning


def item(name: str, *, thinks: bool = True, adaptive: bool = False, enabled: bool = True, **more: Any) -> Any:
    types = {"adaptive": {"supported": adaptive}, "enabled": {"supported": enabled}}
    return {"id": name, "capabilities": {"thinking": {"supported": thinks, "types": types}}, **more}


def test_a_listing_knows_better_than_a_name() -> None:
    said = item("claude-sonnet-9", adaptive=False, max_tokens=64_000, max_input_tokens=500_000)
    assert claude_model("claude-sonnet-9", said) == ClaudeModel("enabled", prefill=False, most_tokens=64_000)
    assert claude_info("a", "claude-sonnet-9", said).context_length == 500_000
    assert claude_model("claude-opus-4-5", item("", adaptive=True)).thinking == "adaptive"
    assert claude_model("claude-opus-4-5", item("", enabled=False)).thinking == "enabled"
    assert claude_model("claude-opus-4-5", item("", thinks=False)).thinking == "none"
    assert not claude_info("a", "claude-opus-4-5", item("", thinks=False)).capabilities.reasoning


@pytest.mark.parametrize("odd", [{}, {"capabilities": None}, {"capabilities": {"thinking": 3}}, {"max_tokens": "x"}])
def test_a_listing_that_says_little(odd: dict[str, Any]) -> None:
    assert claude_model("claude-opus-4-5", odd) == ClaudeModel("enabled", prefill=True)


def test_which_models_a_listing_has() -> None:
    listing = {"data": [{"id": "b"}, {"id": "a", "lifecycle": "active"}, {"id": "old", "lifecycle": "retired"}, 3, {}]}
    assert list(listed_models(listing)) == ["b", "a"]


@pytest.mark.parametrize("odd", [None, [], {}, {"data": None}, {"data": {}}, "x"])
def test_what_is_no_listing(odd: Any) -> None:
    assert listed_models(odd) == {}
