"""Errors as OpenAI's API words them: `{"error": {"message", "type", "param", "code"}}` with a fitting status."""

from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from millrace.model.errors import (
    Conflict,
    ContentFiltered,
    ContextTooLong,
    Forbidden,
    Interrupted,
    InvalidRequest,
    MessageTooLong,
    MillraceError,
    NoActiveStream,
    NotFound,
    Overloaded,
    ProviderError,
    ProviderTimeout,
    QuotaExceeded,
    RateLimited,
    StoreUnavailable,
    StreamError,
    TurnInProgress,
    Unauthorized,
)

_INVALID = "invalid_request_error"
_SERVER = "server_error"


class BadParameter(InvalidRequest):
    """A field of a request is wrong. `param` names it as clients write it, `reason` is OpenAI's code for the fault."""

    reason: ClassVar[str] = "invalid_value"

    def __init__(self, param: str | None, message: str) -> None:
        super().__init__(message)
        self.param = param


class UnsupportedParameter(BadParameter):
    """A field asks for something that would change the answer and that this server does not do."""

    reason: ClassVar[str] = "unsupported_parameter"

    def __init__(self, param: str, what: str) -> None:
        super().__init__(param, f"Unsupported parameter: '{param}'. {what}")


class PreviousNotFound(BadParameter):
    """The response to go on from is not there."""

    reason: ClassVar[str] = "previous_response_not_found"


class ModelNotFound(NotFound):
    """No model has that name."""


class Kind(Struct, frozen=True):
    """What OpenAI calls an error: its HTTP status, `type` and `code`."""

    status: int
    type: str
    code: str


# The first class that fits counts, so the classes below another come before it.
_KINDS: tuple[tuple[type[MillraceError], Kind], ...] = (
    (ModelNotFound, Kind(404, _INVALID, "model_not_found")),
    (Conflict, Kind(409, _INVALID, "conflict")),
    (MessageTooLong, Kind(413, _INVALID, "string_above_max_length")),
    (InvalidRequest, Kind(400, _INVALID, "invalid_value")),
    (Forbidden, Kind(403, "permission_error", "forbidden")),
    (Unauthorized, Kind(401, "authentication_error", "invalid_api_key")),
    (NotFound, Kind(404, _INVALID, "not_found")),
    (NoActiveStream, Kind(404, _INVALID, "not_found")),
    (RateLimited, Kind(429, "rate_limit_error", "rate_limit_exceeded")),
    # 429 as OpenAI has it, though trying again is of no use; see `retry_headers`.
    (QuotaExceeded, Kind(429, "insufficient_quota", "insufficient_quota")),
    (TurnInProgress, Kind(409, _INVALID, "conversation_locked")),
    (ContextTooLong, Kind(400, _INVALID, "context_length_exceeded")),
    (ContentFiltered, Kind(400, _INVALID, "content_filter")),
    (ProviderTimeout, Kind(504, _SERVER, "provider_timeout")),
    (ProviderError, Kind(502, _SERVER, "provider_failure")),
    (Interrupted, Kind(503, _SERVER, "interrupted")),
    (Overloaded, Kind(503, _SERVER, "overloaded")),
    (StoreUnavailable, Kind(503, _SERVER, "store_unavailable")),
    (StreamError, Kind(500, _SERVER, "server_error")),
)


def kind_of(error: MillraceError) -> Kind:
    """What OpenAI calls an error."""
    found = next((kind for cls, kind in _KINDS if isinstance(error, cls)), Kind(500, _SERVER, "server_error"))
    return msgspec.structs.replace(found, code=error.reason) if isinstance(error, BadParameter) else found


def error_object(error: MillraceError) -> dict[str, Any]:
    """The `error` of an error. `param` and `code` are always there, as OpenAI has them."""
    kind = kind_of(error)
    param = error.param if isinstance(error, BadParameter) else "model" if isinstance(error, ModelNotFound) else None
    return {"message": error.message, "type": kind.type, "param": param, "code": kind.code}


def error_body(error: MillraceError) -> bytes:
    """The body of an answer that is an error."""
    return msgspec.json.encode({"error": error_object(error)})


def should_retry(error: MillraceError) -> bool:
    """Whether the official clients may send the same request again by themselves (the header `x-should-retry`)."""
    return kind_of(error).status in {429, 502, 503, 504} and error.recoverable
