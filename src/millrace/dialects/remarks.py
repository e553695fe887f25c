"""What Millrace says of a turn beyond its text, for protocols that have room for an application's own words.

Keys are in camel case, as the protocols are for which this is (the AI SDK's and AG-UI, both TypeScript's). What is not
known is left out: their clients refuse a null where something optional is missing.
"""

from typing import Any

from msgspec import Struct, convert

from millrace.model.events import (
    AnyEvent,
    Citation,
    EmotionState,
    EmotionUpdated,
    Passage,
    PassagesRetrieved,
    ProviderSwitched,
    ReasoningStep,
    SuggestionsReady,
    TerminalEvent,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    TurnStarted,
    Usage,
)
from millrace.model.messages import Message
from millrace.stream.timestamps import iso

Fields = dict[str, Any]


class Remark(Struct, frozen=True):
    """One thing to say. A remark with the `id` of an earlier one replaces it; `passing` ones are for the moment."""

    name: str
    value: Fields
    id: str | None = None
    passing: bool = False


def remark(event: AnyEvent) -> Remark | None:
    """What an event says beyond text, thinking, beginning and end; none where it says nothing."""
    said: Remark | None = None
    match event:
        case EmotionUpdated(of=of, state=state):
            said = Remark("emotion", {"of": of, **_emotion(state)}, id=f"emotion-{of}")
        case PassagesRetrieved(passages=passages, difficulty=difficulty, history_messages=count):
            found = [_passage(passage) for passage in passages]
            context = {"passages": found, "difficulty": difficulty, "historyMessages": count}
            said = Remark("context", _known(context), id="context")
        case ReasoningStep(number=number, kind=kind, content=content, confidence=confidence):
            step = {"number": number, "kind": kind, "content": content, "confidence": confidence}
            said = Remark("reasoning-step", _known(step), passing=True)
        case ProviderSwitched(from_model=left, to_model=taken, reason=reason, position=position):
            seam = {"kind": "provider", "position": position, "from": left, "to": taken, "reason": reason}
            said = Remark("seam", seam)
        case TurnResumed(position=position):
            said = Remark("seam", {"kind": "process", "position": position})
        case SuggestionsReady(questions=questions):
            said = Remark("suggestions", {"questions": list(questions)}, id="suggestions")
        case _:
            pass
    return said


def beginning(started: TurnStarted, at_ms: int) -> Fields:
    """What is known of an answer when it begins."""
    return {
        "sessionId": started.session_id,
        "turnId": started.turn_id,
        "model": started.model,
        "thinkingMode": started.thinking_mode,
        "createdAt": iso(at_ms),
    }


def ending(event: TerminalEvent) -> Fields:
    """What is known of an answer when it is over.

    Durations are milliseconds, `retryAfter` is seconds, `cost` is US dollars.
    """
    match event:
        case TurnCompleted():
            return _completion(event)
        case TurnCancelled():
            known = {"usage": usage_counts(event.usage), "cost": event.cost, "digest": event.digest}
            return _known({"finishReason": "cancelled", "cancelledBy": event.cancelled_by, **known})
        case TurnFailed():
            error = error_details(event.code, recoverable=event.recoverable, retry_after=event.retry_after)
            return {"finishReason": "failed", "error": error, "digest": event.digest}


def stored(message: Message) -> Fields:
    """What is known of a message that is kept: the same words as at its end, as far as they are kept."""
    version, kept = message.version, message.version.metadata or {}
    known = {
        "sessionId": message.session_id,
        "turnId": version.turn_id,
        "createdAt": iso(message.created_at),
        "version": version.number,
        "versionCount": message.version_count,
        "model": kept.get("model"),
        "usage": usage_counts(convert(kept["usage"], Usage)) if "usage" in kept else None,
        "cost": kept.get("cost"),
        "finishReason": "failed" if version.status == "failed" else kept.get("finish_reason"),
        "error": version.error and {"code": version.error.code},
        "responseTimeMs": kept.get("response_time_ms"),
        "timeToFirstTokenMs": kept.get("time_to_first_token_ms"),
        "category": kept.get("category_detected"),
        "ragEnabled": kept.get("rag_enabled"),
    }
    return _known(known)


def error_details(code: str, *, recoverable: bool, retry_after: float | None) -> Fields:
    """What is known of an error, beside the sentence for people."""
    return _known({"code": code, "recoverable": recoverable, "retryAfter": retry_after})


def usage_counts(usage: Usage) -> Fields:
    """Token counts, in the words that both protocols share; parts are contained in the totals."""
    return _known(
        {
            "inputTokens": usage.input_tokens,
            "outputTokens": usage.output_tokens,
            "totalTokens": usage.input_tokens + usage.output_tokens,
            "reasoningTokens": usage.reasoning_tokens,
            "cachedInputTokens": usage.cached_tokens,
        }
    )


def citation_details(citation: Citation) -> Fields:
    """A source, beside its title and address. `start` and `end` are character offsets into the text."""
    details = {"number": citation.number, "start": citation.start, "end": citation.end}
    place = _place(citation.document_id, citation.chunk_id, citation.page)
    return _known({"snippet": citation.snippet or None, **details, **place})


def _passage(passage: Passage) -> Fields:
    found = {"number": passage.number, "title": passage.title, "url": passage.url or None}
    place = _place(passage.document_id, passage.chunk_id, passage.page)
    return _known({**found, "snippet": passage.snippet, "score": passage.score, **place})


def _place(document_id: str, chunk_id: str, page: int | None) -> Fields:
    """Where in which of the user's documents something stands, if it does."""
    return {"documentId": document_id or None, "chunkId": chunk_id or None, "page": page}


def _completion(end: TurnCompleted) -> Fields:
    return _known(
        {
            "model": end.model,
            "usage": usage_counts(end.usage),
            "cost": end.cost,
            "finishReason": end.finish_reason,
            "responseTimeMs": end.response_time_ms,
            "timeToFirstTokenMs": end.time_to_first_token_ms,
            "category": end.category,
            "ragEnabled": end.rag_enabled,
            "digest": end.digest,
        }
    )


def _emotion(state: EmotionState) -> Fields:
    return _known(
        {
            "primaryEmotion": state.primary_emotion,
            "emotionalIntensity": state.emotional_intensity,
            "learningReadiness": state.learning_readiness,
            "cognitiveLoad": state.cognitive_load,
            "interventions": list(state.interventions) or None,
            "detailedEmotions": state.detailed_emotions,
        }
    )


def _known(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}
