"""Streams of OpenAI's Responses wire."""

import json
from typing import Any

from tests.unit.providers import cuts
from tests.unit.providers.chunks import Answer

from millrace.model.errors import MillraceError
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call
from millrace.providers.responses_wire import ResponsesDecoder

USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 16,
}


def made() -> ChatBody:
    call = Call("openai", "m")
    return ChatBody(call, 1 << 20, ResponsesDecoder(call))


def ok(*events: bytes) -> Answer:
    return cuts.ok(made, *events)


def failed(kind: type[MillraceError], *events: bytes) -> Answer:
    return cuts.failed(made, kind, *events)


def event(kind: str, named: bool = True, **fields: Any) -> bytes:
    """One event; without `named` its name is left out, as gateways do."""
    head = f"event: {kind}\n" if named else ""
    return f"{head}data: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()


def text(delta: str, output: int = 0, content: int = 0, **more: Any) -> bytes:
    more = {"item_id": "msg_1", "logprobs": [], "obfuscation": "x7", **more}
    return event("response.output_text.delta", output_index=output, content_index=content, delta=delta, **more)


def summary(delta: str, index: int = 0, output: int = 0) -> bytes:
    kind = "response.reasoning_summary_text.delta"
    return event(kind, output_index=output, summary_index=index, delta=delta, item_id="rs_1")


def reasoning(delta: str, index: int = 0) -> bytes:
    return event("response.reasoning_text.delta", output_index=0, content_index=index, delta=delta)


def response(status: str = "completed", **fields: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "status": status,
        "error": None,
        "output": [],
        "usage": USAGE,
        **fields,
    }


def message(said: str, **part: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said, **part}]}


def completed(**fields: Any) -> bytes:
    return event("response.completed", response=response(**fields))


CREATED = event("response.created", sequence_number=0, response=response("in_progress", usage=None))
COMPLETED = completed()
