"""What the OpenAPI description says of errors: one place, so that every route says it alike."""

from functools import cache
from http import HTTPStatus
from typing import Any

from millrace.server.problems import MEDIA_TYPE
from millrace.server.schemas import ProblemShape

_EXAMPLES: dict[int, tuple[str, str]] = {
    400: ("INVALID_REQUEST", "title: Field required."),
    401: ("UNAUTHORIZED", "Sign in to go on."),
    403: ("UNAUTHORIZED", "You are not allowed to do this."),
    404: ("NOT_FOUND", "This does not exist or is not yours."),
    409: ("INVALID_REQUEST", "This contradicts what is already there."),
    413: ("INVALID_REQUEST", "The message is too long. Shorten it and send it again."),
    429: ("RATE_LIMIT", "That was too fast. Wait a moment and try again."),
    502: ("PROVIDER_FAILURE", "The model's provider could not answer. Try again, or choose another model."),
    503: ("STREAM_ERROR", "The server is busy or restarting. Try again in a few seconds."),
    504: ("PROVIDER_TIMEOUT", "The model took too long to answer. Try again, or choose another model."),
}

Responses = dict[int | str, dict[str, Any]]

EVENT: dict[str, Any] = {
    "type": "object",
    "description": "One record of the stream.",
    "required": ["data"],
    "properties": {"id": {"type": "string"}, "data": {"type": "string"}},
}
"""The schema of an event stream: what describes and tests interfaces reads it as that of each record."""


def problems(*statuses: int) -> Responses:
    """The error responses of a route, each with an example, and the form of all others."""
    others = {"description": "Any other problem", "content": {MEDIA_TYPE: {"schema": _problem_schema()}}}
    return {**{status: _response(status) for status in statuses}, "default": others}


def sentences(*statuses: int) -> Responses:
    """The error responses of a route that tells errors in plain sentences, and the form of all others."""
    text = {"schema": {"type": "string"}}
    others = {"description": "Any other problem", "content": {"text/plain": text}}
    told: Responses = {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"text/plain": {**text, "example": _EXAMPLES[status][1]}},
        }
        for status in statuses
    }
    return {**told, "default": others}


@cache
def _problem_schema() -> dict[str, Any]:
    return ProblemShape.model_json_schema()


def _response(status: int) -> dict[str, Any]:
    code, detail = _EXAMPLES[status]
    title = HTTPStatus(status).phrase
    example: dict[str, Any] = {"title": title, "status": status, "detail": detail, "code": code}
    example["recoverable"] = code not in {"UNAUTHORIZED", "NOT_FOUND"}
    return {
        "description": title,
        "content": {MEDIA_TYPE: {"schema": _problem_schema(), "example": example}},
    }
