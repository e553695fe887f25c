"""The error tree. Each class has a code that clients see and a sentence that tells a person what to do.

    MillraceError
      InvalidRequest          INVALID_REQUEST      the message is not what the protocol says
        MessageTooLong
        Conflict                                   it contradicts what is there
      Unauthorized            UNAUTHORIZED         who are you?
        Forbidden                                  known, but not allowed
      NotFound                NOT_FOUND            not there, or not yours
      RateLimited             RATE_LIMIT           too often; come back after retry_after
      QuotaExceeded           QUOTA_EXCEEDED       used up
      TurnInProgress          TURN_IN_PROGRESS     the session is answering already
      NoActiveStream          NO_ACTIVE_STREAM     nothing runs that could be stopped or resumed
      ProviderError
        ProviderFailure       PROVIDER_FAILURE     refused, broken or cut
          ModelMissing                             the provider does not know the model
          RequestRefused                           the provider finds the request itself wrong
        ProviderTimeout       PROVIDER_TIMEOUT     silent for too long
        ContentFiltered       CONTENT_FILTERED     the provider will not answer this
        ContextTooLong        CONTEXT_TOO_LONG     the conversation does not fit the model
      Interrupted             INTERRUPTED          the generating process died; the turn could not go on
      StreamError             STREAM_ERROR         anything of ours
        LeaseLost                                  another process owns the turn now
        StoreUnavailable                           the database does not answer
        LogUnavailable                             what keeps the logs does not answer
        Overloaded                                 full or shutting down

`message` is for people and is sent to clients; `detail` is for the log alone: it may hold a provider's own
words, which can contain keys.
"""

from typing import ClassVar, Literal

from millrace.model.messages import Message

ErrorCode = Literal[
    "INVALID_REQUEST",
    "UNAUTHORIZED",
    "NOT_FOUND",
    "RATE_LIMIT",
    "QUOTA_EXCEEDED",
    "TURN_IN_PROGRESS",
    "NO_ACTIVE_STREAM",
    "PROVIDER_FAILURE",
    "PROVIDER_TIMEOUT",
    "CONTENT_FILTERED",
    "CONTEXT_TOO_LONG",
    "INTERRUPTED",
    "STREAM_ERROR",
]


class MillraceError(Exception):
    """Base of every failure that Millrace reports.

    Args:
        message: A sentence for people; safe to send. The class's own where none is given.
        retry_after: Seconds after which another try makes sense.
        recoverable: Whether the same request may succeed later or after a small change.
        detail: For the log alone, never sent.
    """

    code: ClassVar[ErrorCode] = "STREAM_ERROR"
    status: ClassVar[int] = 500
    default_message: ClassVar[str] = "Something went wrong on the server. Try again."
    default_recoverable: ClassVar[bool] = True

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after: float | None = None,
        recoverable: bool | None = None,
        detail: str | None = None,
    ) -> None:
        self.message = message or self.default_message
        self.retry_after = retry_after
        self.recoverable = self.default_recoverable if recoverable is None else recoverable
        self.detail = detail
        super().__init__(self.message)


class InvalidRequest(MillraceError):
    """The request is not what the protocol says; the message names the field."""

    code: ClassVar[ErrorCode] = "INVALID_REQUEST"
    status: ClassVar[int] = 400
    default_message = "The request could not be understood. Check its fields and send it again."


class MessageTooLong(InvalidRequest):
    """The message is longer than the server accepts."""

    status: ClassVar[int] = 413
    default_message = "The message is too long. Shorten it and send it again."


class Unauthorized(MillraceError):
    """The caller is not known."""

    code: ClassVar[ErrorCode] = "UNAUTHORIZED"
    status: ClassVar[int] = 401
    default_message = "Sign in to go on."
    default_recoverable = False


class Forbidden(Unauthorized):
    """The caller is known, but this is not open to it."""

    status: ClassVar[int] = 403
    default_message = "You are not allowed to do this."


class NotFound(MillraceError):
    """It does not exist, or it is another user's."""

    code: ClassVar[ErrorCode] = "NOT_FOUND"
    status: ClassVar[int] = 404
    default_message = "This does not exist or is not yours."
    default_recoverable = False


class Conflict(InvalidRequest):
    """The request contradicts what is there, an address that is taken for example."""

    status: ClassVar[int] = 409
    default_message = "This contradicts what is already there."


class RateLimited(MillraceError):
    """Too many requests in too little time."""

    code: ClassVar[ErrorCode] = "RATE_LIMIT"
    status: ClassVar[int] = 429
    default_message = "That was too fast. Wait a moment and try again."


class QuotaExceeded(MillraceError):
    """An allowance is used up."""

    code: ClassVar[ErrorCode] = "QUOTA_EXCEEDED"
    status: ClassVar[int] = 403
    default_message = "Your allowance is used up."
    default_recoverable = False


class TurnInProgress(MillraceError):
    """The session is answering already and its policy takes no further turn now."""

    code: ClassVar[ErrorCode] = "TURN_IN_PROGRESS"
    status: ClassVar[int] = 409
    default_message = "An answer is still being written in this conversation. Wait for it or stop it."


class NoActiveStream(MillraceError):
    """Nothing runs that could be stopped, resumed or paused.

    `answer` is the stored message to load instead, where there is one.
    """

    code: ClassVar[ErrorCode] = "NO_ACTIVE_STREAM"
    status: ClassVar[int] = 404
    default_message = "No answer is being written here."
    default_recoverable = False

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after: float | None = None,
        recoverable: bool | None = None,
        detail: str | None = None,
        answer: Message | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after, recoverable=recoverable, detail=detail)
        self.answer = answer


class ProviderError(MillraceError):
    """The model's provider could not answer."""

    code: ClassVar[ErrorCode] = "PROVIDER_FAILURE"
    status: ClassVar[int] = 502
    default_message = "The model's provider could not answer. Try again, or choose another model."


class ProviderFailure(ProviderError):
    """The provider refused, broke or was cut off."""


class ModelMissing(ProviderFailure):
    """The provider does not know the model."""

    default_message = "The model's provider does not know this model. Choose another one."
    default_recoverable = False


class RequestRefused(ProviderFailure):
    """The provider found the request itself wrong."""

    default_message = "The model's provider refused the request. Choose another model."
    default_recoverable = False


class ProviderTimeout(ProviderError):
    """The provider was silent for too long."""

    code: ClassVar[ErrorCode] = "PROVIDER_TIMEOUT"
    status: ClassVar[int] = 504
    default_message = "The model took too long to answer. Try again, or choose another model."


class ContentFiltered(ProviderError):
    """The provider declined because of the content."""

    code: ClassVar[ErrorCode] = "CONTENT_FILTERED"
    status: ClassVar[int] = 422
    default_message = "The model declined to answer this. Put the question differently."
    default_recoverable = False


class ContextTooLong(ProviderError):
    """The conversation does not fit the model's context."""

    code: ClassVar[ErrorCode] = "CONTEXT_TOO_LONG"
    status: ClassVar[int] = 413
    default_message = "The conversation is too long for this model. Start a new one or choose a model with more room."
    default_recoverable = False


class Interrupted(MillraceError):
    """The process that generated the answer died, and the turn could not be continued."""

    code: ClassVar[ErrorCode] = "INTERRUPTED"
    status: ClassVar[int] = 503
    default_message = "The answer was interrupted by a restart of the server. What was written is kept; ask again."


class StreamError(MillraceError):
    """A fault of our own."""


class LeaseLost(StreamError):
    """This process no longer owns the turn; it must not write to its log."""

    default_message = "Another server process continues this answer."


class StoreUnavailable(StreamError):
    """The database does not answer."""

    status: ClassVar[int] = 503
    default_message = (
        "The server's database does not answer, so conversations can neither be read nor go on. Try again in a moment."
    )


class LogUnavailable(StreamError):
    """What keeps the logs of running answers does not answer."""

    status: ClassVar[int] = 503
    default_message = "The server cannot write answers down just now. Try again in a moment."


class Overloaded(StreamError):
    """The server takes no new work: it is shutting down or full."""

    status: ClassVar[int] = 503
    default_message = "The server is busy or restarting. Try again in a few seconds."
