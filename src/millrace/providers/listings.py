"""`GET /models` of OpenAI-compatible servers: which models there are and what is said of them. Pure."""

from typing import Any

from millrace.model.generation import Capabilities, ModelInfo
from millrace.providers.openai_request import is_openai_reasoning

_NOT_CHAT = (
    "embed",
    "whisper",
    "tts",
    "dall-e",
    "moderation",
    "rerank",
    "transcribe",
    "realtime",
    "audio",
    "image",
    "sora",
    "davinci",
    "babbage",
    "-instruct-0914",
    "bge-",
    "clip",
    "guard",
)
_REASONING = ("reasoner", "reasoning", "thinking", "deepseek-r1", "qwq", "magistral", "gpt-oss", "sonar-deep")
_CONTEXT_KEYS = ("context_length", "max_model_len", "context_window", "max_context_length", "max_context_window")


def model_infos(provider: str, listing: Any) -> tuple[ModelInfo, ...]:
    """The models of a listing in its order, each once; empty where it is none.

    Args:
        provider: The name of the provider, which becomes part of each id.
        listing: `{"data": [...]}` (OpenAI), `{"models": [...]}` or a bare list (Together); items with an `id`.
    """
    items = (listing.get("data") or listing.get("models")) if isinstance(listing, dict) else listing
    if not isinstance(items, list):
        return ()
    found = {
        name: model_info(provider, name, item)
        for item in items
        if isinstance(item, dict) and isinstance(name := item.get("id") or item.get("name"), str) and name
    }
    return tuple(found.values())


def model_info(provider: str, name: str, item: dict[str, Any] | None = None) -> ModelInfo:
    """What is known of one model, from its name and its place in a listing."""
    said = item or {}
    parameters = said.get("supported_parameters")
    reasoning = is_openai_reasoning(name) or any(word in name.lower() for word in _REASONING)
    if isinstance(parameters, list):  # OpenRouter knows
        reasoning = "reasoning" in parameters
    return ModelInfo(
        f"{provider}/{name}",
        provider,
        name,
        Capabilities(reasoning=reasoning, citations="sonar" in name.lower()),
        _context_length(said),
    )


def is_chat_model(name: str) -> bool:
    """Whether a model answers questions, as far as its name tells: no embeddings, no speech, no pictures."""
    lower = name.lower()
    return not any(word in lower for word in _NOT_CHAT)


def _context_length(item: dict[str, Any]) -> int | None:
    meta = item.get("meta")  # llama.cpp
    values = [item.get(key) for key in _CONTEXT_KEYS]
    if isinstance(meta, dict):
        values.append(meta.get("n_ctx") or meta.get("n_ctx_train"))
    return next((value for value in values if type(value) is int and value > 0), None)
