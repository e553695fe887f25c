"""What is known of Anthropic's models: from their names, and from `GET /v1/models`. Pure."""

import re
from typing import Any, Literal

import msgspec
from msgspec import Struct

from millrace.model.generation import Capabilities, ModelInfo
from millrace.providers.listings import model_info

Thinking = Literal["enabled", "adaptive", "none"]
"""How a model is asked to think: with a budget, as much as it finds right, or not at all."""

_VERSION = re.compile(r"claude-(?:[a-z]+-)*?(\d{1,2})(?:[-.](\d{1,2}))?(?![\d])")
_NEWEST = (99, 0)


class ClaudeModel(Struct, frozen=True):
    """How a model is to be called."""

    thinking: Thinking
    prefill: bool
    most_tokens: int | None = None
    """The most tokens that it writes in one answer, thinking included; none where that is not known."""


def claude_model(name: str, item: dict[str, Any] | None = None) -> ClaudeModel:
    """How a model is called, by its name and its place in a listing.

    Thinking came with 3.7; since 4.6 models decide for themselves how much to think, and continue no assistant's
    message. A model that is no Claude, at a compatible service, gets what all of them know.
    """
    version = _version(name)
    if version is None:
        known = ClaudeModel("enabled", prefill=False)
    elif version < (3, 7):
        known = ClaudeModel("none", prefill=True)
    elif version < (4, 6):
        known = ClaudeModel("enabled", prefill=True)
    else:
        known = ClaudeModel("adaptive", prefill=False)
    return known if item is None else _as_listed(known, item)


def claude_info(provider: str, name: str, item: dict[str, Any] | None = None) -> ModelInfo:
    """What is known of one model, for the directory of models."""
    model = claude_model(name, item)
    reasons = model.thinking != "none"
    if _version(name) is None and item is None:
        reasons = model_info(provider, name).capabilities.reasoning
    length = (item or {}).get("max_input_tokens")
    return ModelInfo(
        f"{provider}/{name}",
        provider,
        name,
        Capabilities(reasoning=reasons, prefill=model.prefill),
        length if type(length) is int and length > 0 else None,
    )


def listed_models(listing: Any) -> dict[str, dict[str, Any]]:
    """The models of a listing that can be called, by their names, in its order; empty where it is none."""
    items = listing.get("data") if isinstance(listing, dict) else None
    return {
        name: item
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict)
        and isinstance(name := item.get("id"), str)
        and name
        and item.get("lifecycle") != "retired"
    }


def _version(name: str) -> tuple[int, int] | None:
    """The version in a model's name; the newest for a Claude that bears none; none for other models."""
    name = name.lower()
    if "claude" not in name:
        return None
    match = _VERSION.search(name)
    return (int(match[1]), int(match[2] or 0)) if match else _NEWEST


def _as_listed(known: ClaudeModel, item: dict[str, Any]) -> ClaudeModel:
    most = item.get("max_tokens")
    if type(most) is int and most > 0:
        known = msgspec.structs.replace(known, most_tokens=most)
    thinking = _within(item, "capabilities", "thinking")
    if _within(thinking, "supported") is False:
        return msgspec.structs.replace(known, thinking="none")
    adaptive, enabled = (_within(thinking, "types", kind, "supported") for kind in ("adaptive", "enabled"))
    if adaptive is True:
        return msgspec.structs.replace(known, thinking="adaptive")
    if enabled is True:
        return msgspec.structs.replace(known, thinking="enabled")
    return known


def _within(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
