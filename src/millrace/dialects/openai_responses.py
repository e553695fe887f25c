"""OpenAI's Responses API: a turn as its numbered events.

`sequence_number` counts the events of a turn from 0 without a gap, and is a function of the log alone: whoever renders
it, whenever, gets the same numbers. So a client goes on exactly where it was, and pieces are never merged.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from millrace.dialects.openai_errors import error_object
from millrace.dialects.openai_parts import Thoughts
from millrace.dialects.openai_response import (
    Answer,
    annotations,
    answer_of,
    message_item,
    reasoning_item,
    response_object,
    summary_part,
    text_part,
)
from millrace.dialects.openai_responses_request import ResponseFacts
from millrace.model.errors import MillraceError
from millrace.model.events import (
    Entry,
    ReasoningDelta,
    ReasoningStep,
    TerminalEvent,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
)
from millrace.model.failures import failed_turn
from millrace.stream.delivery import DeliveryOptions, Merged
from millrace.stream.frames import Renderer

DELIVERY = DeliveryOptions(lag_entries=2**62, lag_ms=2**62)
"""How a turn is delivered in this dialect: as it came, whatever the lag."""


class Responses:
    """Implements `EventDialect` for one turn.

    Args:
        facts: What the response object repeats of its request.
        eager: Whether to say that the response was created as soon as it was. Otherwise that waits for the model's
            first word, so that a refusal before it can have its status.
    """

    def __init__(self, facts: ResponseFacts, *, eager: bool) -> None:
        self.name = "openai-responses" if eager else "openai-responses-late"
        self._facts = facts
        self._eager = eager

    def renderer(self) -> Renderer:
        """A renderer for the turn."""
        return ResponseRenderer(self._facts, eager=self._eager)

    def error(self, error: MillraceError) -> bytes:
        """The record that makes the official clients raise.

        It has no number: it is no event of the response, and whoever comes back goes on after the last that was.
        """
        return _record("error", {"type": "error", "error": error_object(error)})


class ResponseRenderer:
    """Implements `Renderer`."""

    def __init__(self, facts: ResponseFacts, *, eager: bool) -> None:
        self._facts = facts
        self._eager = eager
        self._started = TurnStarted("", "", "", "", "")
        self._number = 0
        self._announced = False
        self._open: Literal["reasoning", "message"] | None = None
        self._index = -1
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._thoughts = Thoughts()
        self._delta_head = b""
        self.response: dict[str, Any] = {}
        """The response object as it was told last."""

    def render(self, entry: Entry) -> Sequence[bytes]:
        """The records of an entry."""
        event = entry.event
        if type(event) is TextDelta:
            opening = self._begin_message() if self._open != "message" else ()
            self._text.append(event.text)
            return (*opening, self._text_delta(event.text))
        match event:
            case ReasoningDelta() | ReasoningStep():
                return self._think(self._thoughts.more(event))
            case TurnStarted():
                self._started = event
                return self._announce() if self._eager else ()
            case TurnCompleted() | TurnCancelled() | TurnFailed():
                return (*self._announce(), *self._end(event))
            case _:
                return ()

    def merge(self, merged: Merged) -> Sequence[bytes]:
        """Never asked for: `DELIVERY` merges nothing."""
        raise AssertionError(merged)

    def _announce(self) -> Sequence[bytes]:
        if self._announced:
            return ()
        self._announced = True
        self._tell(Answer(status="in_progress"))
        return tuple(self._event(f"response.{kind}", response=self.response) for kind in ("created", "in_progress"))

    def _tell(self, answer: Answer) -> None:
        self.response = response_object(self._started.turn_id, self._started.model, self._facts, answer)

    # --- what is thought ------------------------------------------------------------------------------

    def _think(self, text: str) -> Sequence[bytes]:
        # What it thinks between two pieces of its answer, which is one item here, comes too late to be shown.
        if not text or self._open == "message":
            return ()
        opening = self._begin_reasoning() if self._open is None else ()
        self._reasoning.append(text)
        return (*opening, self._in_item("response.reasoning_summary_text.delta", "rs", summary_index=0, delta=text))

    def _begin_reasoning(self) -> Sequence[bytes]:
        return (
            *self._announce(),
            self._begin_item("reasoning", reasoning_item(self._started.turn_id, None, "in_progress")),
            self._in_item("response.reasoning_summary_part.added", "rs", summary_index=0, part=summary_part("")),
        )

    def _end_reasoning(self, status: str) -> Sequence[bytes]:
        text = "".join(self._reasoning)
        self._open = None
        return (
            self._in_item("response.reasoning_summary_text.done", "rs", summary_index=0, text=text),
            self._in_item("response.reasoning_summary_part.done", "rs", summary_index=0, part=summary_part(text)),
            self._event(
                "response.output_item.done",
                output_index=self._index,
                item=reasoning_item(self._started.turn_id, text, status),
            ),
        )

    # --- what is said ---------------------------------------------------------------------------------

    def _begin_message(self) -> Sequence[bytes]:
        before = self._end_reasoning("completed") if self._open == "reasoning" else self._announce()
        opening = (
            self._begin_item("message", message_item(self._started.turn_id, "in_progress", None)),
            self._in_item("response.content_part.added", "msg", content_index=0, part=text_part("")),
        )
        head = {
            "type": "response.output_text.delta",
            "item_id": f"msg_{self._started.turn_id}",
            "output_index": self._index,
            "content_index": 0,
            "logprobs": [],
        }
        self._delta_head = b"event: response.output_text.delta\ndata: " + msgspec.json.encode(head)[:-1] + b',"delta":'
        return (*before, *opening)

    def _text_delta(self, text: str) -> bytes:
        # The one record of the hot path: what is the same in all of them was encoded once.
        number = self._number
        self._number = number + 1
        return b'%b%b,"sequence_number":%d}\n\n' % (self._delta_head, msgspec.json.encode(text), number)

    def _end_message(self, answer: Answer) -> Sequence[bytes]:
        found = annotations(answer.text, answer.citations)
        part = text_part(answer.text, answer.citations)
        annotated = [
            self._in_item(
                "response.output_text.annotation.added", "msg", content_index=0, annotation_index=index, annotation=each
            )
            for index, each in enumerate(found)
        ]
        self._open = None
        return (
            *annotated,
            self._in_item("response.output_text.done", "msg", content_index=0, text=answer.text, logprobs=[]),
            self._in_item("response.content_part.done", "msg", content_index=0, part=part),
            self._event(
                "response.output_item.done",
                output_index=self._index,
                item=message_item(self._started.turn_id, answer.item_status, part),
            ),
        )

    # --- the end --------------------------------------------------------------------------------------

    def _end(self, event: TerminalEvent) -> Sequence[bytes]:
        answer = answer_of(event, "".join(self._text), "".join(self._reasoning))
        records: list[bytes] = []
        if self._open == "reasoning":
            records += self._end_reasoning(answer.item_status)
        elif self._open == "message":
            records += self._end_message(answer)
        if isinstance(event, TurnFailed):
            records.append(self._event("error", error=error_object(failed_turn(event))))
        # There is no event for a response that was stopped; its status says so.
        kind = "incomplete" if answer.status == "cancelled" else answer.status
        self._tell(answer)
        return (*records, self._event(f"response.{kind}", response=self.response))

    # --- records --------------------------------------------------------------------------------------

    def _begin_item(self, kind: Literal["reasoning", "message"], item: dict[str, Any]) -> bytes:
        self._open = kind
        self._index += 1
        return self._event("response.output_item.added", output_index=self._index, item=item)

    def _in_item(self, kind: str, prefix: str, **fields: Any) -> bytes:
        item_id = f"{prefix}_{self._started.turn_id}"
        return self._event(kind, item_id=item_id, output_index=self._index, **fields)

    def _event(self, kind: str, **fields: Any) -> bytes:
        number = self._number
        self._number = number + 1
        return _record(kind, {"type": kind, **fields, "sequence_number": number})


def response(entries: Sequence[Entry], facts: ResponseFacts) -> dict[str, Any]:
    """The response object that a whole turn amounts to."""
    renderer = ResponseRenderer(facts, eager=False)
    for entry in entries:
        renderer.render(entry)
    return renderer.response


def _record(kind: str, body: dict[str, Any]) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(body) + b"\n\n"
