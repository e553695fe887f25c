"""What is said about a finished answer: the `metadata` of clients and of the stored message."""

import re
from collections.abc import Sequence
from typing import Any

from millrace.model.events import (
    Citation,
    Part,
    Passage,
    ProviderSwitched,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    Usage,
)
from millrace.model.generation import StepFound

_MARK = re.compile(r"\[(\d{1,3})\]")


def usage_metadata(usage: Usage) -> dict[str, Any]:
    """Token counts, without those the provider did not give."""
    counts: dict[str, Any] = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    if usage.reasoning_tokens is not None:
        counts["reasoning_tokens"] = usage.reasoning_tokens
    if usage.cached_tokens is not None:
        counts["cached_tokens"] = usage.cached_tokens
    if usage.estimated:
        counts["estimated"] = True
    return counts


def completion_metadata(end: TurnCompleted, suggestions: Sequence[str] = ()) -> dict[str, Any]:
    """The `metadata` of `chat_complete`. Durations are milliseconds, `cost` is in US dollars."""
    provider, _, _ = end.model.partition("/")
    metadata: dict[str, Any] = {
        "provider_used": provider,
        "model": end.model,
        "tokens_used": end.usage.input_tokens + end.usage.output_tokens,
        "usage": usage_metadata(end.usage),
        "cost": end.cost,
        "response_time_ms": end.response_time_ms,
        "time_to_first_token_ms": end.time_to_first_token_ms,
        "category_detected": end.category,
        "rag_enabled": end.rag_enabled,
        "finish_reason": end.finish_reason,
    }
    if end.parts:
        metadata["parts"] = parts_metadata(end.parts)
    if end.citations:
        metadata["citations"] = [citation_metadata(citation) for citation in end.citations]
    if suggestions:
        metadata["suggested_questions"] = list(suggestions)
    return metadata


def partial_metadata(end: TurnCancelled | TurnFailed, citations: Sequence[Citation] = ()) -> dict[str, Any]:
    """What is known of an answer that was stopped or broke."""
    provider, _, _ = end.model.partition("/")
    usage = end.usage or Usage()
    metadata: dict[str, Any] = {
        "provider_used": provider,
        "model": end.model,
        "tokens_used": usage.input_tokens + usage.output_tokens,
        "usage": usage_metadata(usage),
        "cost": end.cost,
        "finish_reason": "cancelled" if isinstance(end, TurnCancelled) else "error",
    }
    if end.parts:
        metadata["parts"] = parts_metadata(end.parts)
    if citations:
        metadata["citations"] = [citation_metadata(citation) for citation in citations]
    return metadata


def passed_metadata(
    steps: Sequence[StepFound], reasoning_ms: int | None, seams: Sequence[ProviderSwitched | TurnResumed]
) -> dict[str, Any]:
    """What was shown while an answer was written and its end does not repeat, for the stored message alone.

    Steps and seams have the names of the frames that told them.
    """
    metadata: dict[str, Any] = {}
    if steps:
        metadata["reasoning_steps"] = [
            {"step_number": number, "type": step.kind, "content": step.content, "confidence": step.confidence}
            for number, step in enumerate(steps, 1)
        ]
    if reasoning_ms is not None:
        metadata["reasoning_time_ms"] = reasoning_ms
    if seams:
        metadata["seams"] = [_seam(seam) for seam in seams]
    return metadata


def gathered_metadata(
    passages: Sequence[Passage], citations: Sequence[Citation], difficulty: float | None
) -> dict[str, Any]:
    """What an answer was built on, for the stored message alone: what it does not cite of it, how hard it aimed to be.

    Both have the names of the frame that told them.
    """
    cited = {citation.number for citation in citations}
    rest = [passage for passage in passages if passage.number not in cited]
    metadata: dict[str, Any] = {}
    if rest:
        metadata["passages"] = [
            {"number": each.number, "title": each.title, "url": each.url, "snippet": each.snippet, "score": each.score}
            for each in rest
        ]
    if difficulty is not None:
        metadata["difficulty"] = difficulty
    return metadata


def _seam(seam: ProviderSwitched | TurnResumed) -> dict[str, Any]:
    if isinstance(seam, TurnResumed):
        return {"type": "turn_resumed", "position": seam.position}
    told = {"from_model": seam.from_model, "to_model": seam.to_model, "reason": seam.reason}
    return {"type": "provider_switched", "position": seam.position, **told}


def parts_metadata(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Which models had a part in an answer, in their order; `chars` is the length of what each said."""
    return [
        {"model": part.model, "usage": usage_metadata(part.usage), "cost": part.cost, "chars": part.chars}
        for part in parts
    ]


def citation_metadata(citation: Citation) -> dict[str, Any]:
    """A citation as clients see it."""
    shown: dict[str, Any] = {"title": citation.title, "url": citation.url, "snippet": citation.snippet}
    if citation.number is not None:
        shown["number"] = citation.number
    if citation.document_id:
        shown |= {"document_id": citation.document_id, "chunk_id": citation.chunk_id}
    if citation.page is not None:
        shown["page"] = citation.page
    return shown


def cited_passages(text: str, passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """The passages that `text` cites by its `[n]` marks, in order of first use."""
    by_number = {passage.number: passage for passage in passages}
    numbers = dict.fromkeys(int(mark) for mark in _MARK.findall(text))
    cited = [by_number[number] for number in numbers if number in by_number]
    return tuple(passage_citation(passage) for passage in cited)


def passage_citation(passage: Passage) -> Citation:
    """A passage as a source."""
    return Citation(
        title=passage.title,
        url=passage.url,
        snippet=passage.snippet,
        number=passage.number,
        document_id=passage.document_id,
        chunk_id=passage.chunk_id,
        page=passage.page,
    )
