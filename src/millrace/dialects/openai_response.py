"""The response object of OpenAI's Responses API: what a turn amounts to, live or out of the store."""

from typing import Any, Literal

from msgspec import Struct

from millrace.dialects.openai_parts import response_usage, url_citations
from millrace.dialects.openai_responses_request import ResponseFacts, response_id
from millrace.model.events import Citation, FinishReason, TurnCancelled, TurnCompleted, TurnFailed, Usage
from millrace.model.messages import Version

Status = Literal["queued", "in_progress", "completed", "incomplete", "cancelled", "failed"]

# What an answer that is not whole lacks. One that was stopped has no reason of OpenAI's.
_INCOMPLETE: dict[FinishReason, str] = {"length": "max_output_tokens", "filtered": "content_filter"}
# The codes that the official types know; everything else is a server's error.
_ERROR_CODES = {
    "RATE_LIMIT": "rate_limit_exceeded",
    "QUOTA_EXCEEDED": "rate_limit_exceeded",
    "INVALID_REQUEST": "invalid_prompt",
    "CONTENT_FILTERED": "invalid_prompt",
    "CONTEXT_TOO_LONG": "invalid_prompt",
}


class Answer(Struct, frozen=True, kw_only=True):
    """How a turn ended, as its response object tells it. `code` and `message` are those of a failure."""

    status: Status
    text: str = ""
    reasoning: str = ""
    citations: tuple[Citation, ...] = ()
    usage: Usage | None = None
    finish: FinishReason | None = None
    code: str = ""
    message: str = ""

    @property
    def item_status(self) -> str:
        """What its items are."""
        return "completed" if self.status == "completed" else "incomplete"


def answer_of(event: TurnCompleted | TurnCancelled | TurnFailed, text: str, reasoning: str) -> Answer:
    """The answer that ends with `event`."""
    match event:
        case TurnCompleted():
            return Answer(
                status=completed_status(event.finish_reason),
                text=text,
                reasoning=reasoning,
                citations=event.citations,
                usage=event.usage,
                finish=event.finish_reason,
            )
        case TurnCancelled():
            return Answer(status="cancelled", text=text, reasoning=reasoning, usage=event.usage)
        case TurnFailed():
            return Answer(status="failed", text=text, reasoning=reasoning, code=event.code, message=event.message)


def completed_status(finish: FinishReason) -> Status:
    """Whether an answer that the model ended is whole."""
    return "incomplete" if finish in _INCOMPLETE else "completed"


def stored_answer(version: Version) -> Answer:
    """The answer that the store keeps."""
    known = version.metadata or {}
    error = version.error
    if error is not None:
        return Answer(
            status="failed",
            text=version.content,
            reasoning=version.reasoning or "",
            code=error.code,
            message=error.message,
        )
    finish = known.get("finish_reason")
    cancelled = version.status == "cancelled"
    return Answer(
        status="cancelled" if cancelled else completed_status(finish) if finish in _INCOMPLETE else "completed",
        text=version.content,
        reasoning=version.reasoning or "",
        citations=tuple(
            Citation(each["title"], each["url"], each["snippet"], each.get("number"))
            for each in known.get("citations", ())
        ),
        usage=_stored_usage(known.get("usage")),
        finish=None if cancelled else finish,
    )


def response_object(turn_id: str, model: str, facts: ResponseFacts, answer: Answer) -> dict[str, Any]:
    """The response object of a turn."""
    body: dict[str, Any] = {
        "id": response_id(turn_id),
        "object": "response",
        "created_at": facts.created_at,
        "status": answer.status,
        "model": model,
        "output": output_items(turn_id, answer),
        "parallel_tool_calls": False,
        "tool_choice": "none",
        "tools": [],
        "text": {"format": {"type": "text"}},
        **facts.echoed(),
    }
    if answer.usage is not None:
        body["usage"] = response_usage(answer.usage)
    if answer.finish in _INCOMPLETE:
        body["incomplete_details"] = {"reason": _INCOMPLETE[answer.finish]}
    if answer.status == "failed":
        body["error"] = {"code": _ERROR_CODES.get(answer.code, "server_error"), "message": answer.message}
    return body


def output_items(turn_id: str, answer: Answer) -> list[dict[str, Any]]:
    """What was thought and what was said."""
    items = []
    if answer.reasoning:
        items.append(reasoning_item(turn_id, answer.reasoning, "completed" if answer.text else answer.item_status))
    if answer.text:
        part = text_part(answer.text, answer.citations)
        items.append(message_item(turn_id, answer.item_status, part))
    return items


def reasoning_item(turn_id: str, text: str | None, status: str) -> dict[str, Any]:
    """The item of what the model thought; `text` is none while it has not said anything."""
    summary = [] if text is None else [summary_part(text)]
    return {"id": f"rs_{turn_id}", "type": "reasoning", "summary": summary, "status": status}


def message_item(turn_id: str, status: str, part: dict[str, Any] | None) -> dict[str, Any]:
    """The item of the answer; `part` is none while it has none."""
    content = [] if part is None else [part]
    return {"id": f"msg_{turn_id}", "type": "message", "role": "assistant", "status": status, "content": content}


def summary_part(text: str) -> dict[str, Any]:
    """What the model thought."""
    return {"type": "summary_text", "text": text}


def text_part(text: str, citations: tuple[Citation, ...] = ()) -> dict[str, Any]:
    """The text of the answer with its sources."""
    return {"type": "output_text", "text": text, "annotations": annotations(text, citations), "logprobs": []}


def annotations(text: str, citations: tuple[Citation, ...]) -> list[dict[str, Any]]:
    """The sources of a text."""
    return [{"type": "url_citation", **found} for found in url_citations(text, citations)]


def _stored_usage(counts: dict[str, Any] | None) -> Usage | None:
    if counts is None:
        return None
    return Usage(
        counts["input_tokens"],
        counts["output_tokens"],
        counts.get("reasoning_tokens"),
        counts.get("cached_tokens"),
        counts.get("estimated", False),
    )
