"""Streams of Gemini's wire."""

import json
from collections.abc import Sequence
from typing import Any

from tests.unit.providers import cuts
from tests.unit.providers.chunks import Answer

from millrace.model.errors import MillraceError
from millrace.providers.failures import Call
from millrace.providers.gemini_body import GeminiBody


def made() -> GeminiBody:
    return GeminiBody(Call("gemini", "m"), 1 << 20)


def ok(*events: bytes) -> Answer:
    return cuts.ok(made, *events)


def failed(kind: type[MillraceError], *events: bytes) -> Answer:
    return cuts.failed(made, kind, *events)


def event(value: Any) -> bytes:
    """One event, as Google frames them."""
    return f"data: {json.dumps(value, ensure_ascii=False)}\r\n\r\n".encode()


def sliced(*parts: Any, finish: Any = None, **more: Any) -> dict[str, Any]:
    """One slice with these parts."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    candidate |= {key: more.pop(key) for key in ("groundingMetadata",) if key in more}
    return {"candidates": [candidate], "modelVersion": "m", "responseId": "r", **more}


def text(said: str, **more: Any) -> bytes:
    return event(sliced({"text": said}, **more))


def thought(said: str) -> bytes:
    return event(sliced({"text": said, "thought": True}))


STOP = event(sliced({"text": ""}, finish="STOP"))


def grounding(
    chunks: Sequence[tuple[str, str]], supports: Sequence[tuple[dict[str, Any], list[int]]] = ()
) -> dict[str, Any]:
    """Grounding metadata of pages (URL, title) and of segments with the numbers of their pages."""
    return {
        "webSearchQueries": ["q"],
        "groundingChunks": [{"web": {"uri": url, "title": title, "domain": title}} for url, title in chunks],
        "groundingSupports": [
            {"segment": segment, "groundingChunkIndices": numbers, "confidenceScores": [0.9] * len(numbers)}
            for segment, numbers in supports
        ],
        "searchEntryPoint": {"renderedContent": "<style>p{}</style><p>q</p>"},
    }
