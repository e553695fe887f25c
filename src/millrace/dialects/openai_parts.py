"""Token counts and sources, as both of OpenAI's protocols word them."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from millrace.model.events import Citation, ReasoningDelta, ReasoningStep, Usage


def chat_usage(usage: Usage) -> dict[str, Any]:
    """The `usage` of chat completions; details only where they are known."""
    counts: dict[str, Any] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
    if usage.cached_tokens is not None:
        counts["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens}
    if usage.reasoning_tokens is not None:
        counts["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return counts


def response_usage(usage: Usage) -> dict[str, Any]:
    """The `usage` of responses, whose details clients take for granted: 0 where they are not known."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def url_citations(text: str, citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """The `url_citation`s of a text, in the order of their places, which are offsets in characters.

    A source without a place of its own stands at each of its `[n]` marks; one without a mark stands for the whole text.
    """
    found = [
        {"start_index": start, "end_index": end, "url": citation.url, "title": citation.title}
        for citation in citations
        for start, end in _places(text, citation)
    ]
    return sorted(found, key=lambda each: (each["start_index"], each["end_index"]))


def _places(text: str, citation: Citation) -> Iterator[tuple[int, int]]:
    if citation.start is not None and citation.end is not None:
        yield citation.start, citation.end
        return
    marks = [] if citation.number is None else list(re.finditer(re.escape(f"[{citation.number}]"), text))
    if not marks:
        yield 0, len(text)
    for mark in marks:
        yield mark.span()


class Thoughts:
    """What a model thinks, as a text that grows: its own words, else the steps that it was asked to write down."""

    def __init__(self) -> None:
        self._has_words = False
        self._has_steps = False

    def more(self, event: ReasoningDelta | ReasoningStep) -> str:
        """What an event adds; nothing where it is a step that was cut out of the model's own words."""
        if isinstance(event, ReasoningDelta):
            self._has_words = True
            return event.text
        if self._has_words:
            return ""
        separator = "\n\n" if self._has_steps else ""
        self._has_steps = True
        return separator + event.content
