"""`GET /models` of Gemini: which models there are and what is said of them. Pure."""

from typing import Any

from millrace.model.generation import Capabilities, ModelInfo
from millrace.providers.gemini_request import thinks
from millrace.providers.listings import model_info

_GENERATES = "generateContent"


def gemini_infos(provider: str, listing: Any) -> tuple[ModelInfo, ...]:
    """The models of one page of a listing that generate text, in its order; empty where it is none."""
    items = listing.get("models") if isinstance(listing, dict) else None
    return tuple(
        gemini_info(provider, name.removeprefix("models/"), item)
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and isinstance(name := item.get("name"), str) and name and _generates(item)
    )


def next_page(listing: Any) -> str | None:
    """The token of the page that follows, if one does."""
    token = listing.get("nextPageToken") if isinstance(listing, dict) else None
    return token if isinstance(token, str) and token else None


def gemini_info(provider: str, name: str, item: dict[str, Any] | None = None) -> ModelInfo:
    """What is known of one model, from its name and its place in a listing."""
    said = item or {}
    thinking, length = said.get("thinking"), said.get("inputTokenLimit")
    by_name = thinks(name) or model_info(provider, name).capabilities.reasoning
    return ModelInfo(
        f"{provider}/{name}",
        provider,
        name,
        Capabilities(reasoning=thinking if isinstance(thinking, bool) else by_name),
        length if type(length) is int and length > 0 else None,
    )


def _generates(item: dict[str, Any]) -> bool:
    methods = item.get("supportedGenerationMethods")
    return _GENERATES in methods if isinstance(methods, list) else True
