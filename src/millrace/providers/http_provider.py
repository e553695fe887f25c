"""What the providers that are called over HTTP have in common: one answer, from its request to its last byte."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from millrace.model.errors import MillraceError, ProviderTimeout
from millrace.model.generation import Delta, GenerationRequest, ModelInfo, TextPiece
from millrace.ports import DeltaSink
from millrace.providers.body_stream import BROKEN, BodyStream
from millrace.providers.failures import Call
from millrace.providers.http import HttpClient
from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES

LISTING_S = 10.0
"""How long a listing of models may take, in seconds."""


class AnswerBody(Protocol):
    """The body of one answer: bytes in, deltas out, however they are cut; `ChatBody` says what each part means."""

    done: bool
    ended: bool
    failure: MillraceError | None

    @property
    def whole(self) -> bool:
        """Whether it was read to its end and is a whole answer."""

    def feed(self, chunk: bytes) -> list[Delta]:
        """Take the next bytes; return what they say, in order."""

    def close(self, cause: object = "") -> list[Delta]:
        """End the body; sets `failure` if it is truncated."""

    def fail(self, failure: MillraceError) -> None:
        """End the answer for a reason that is not in the body."""


class HttpProvider(ABC):
    """A `Provider` for one base URL; a wire says how it is asked and how its answer is read.

    Args:
        name: What stands before the slash in `provider/model`.
        base_url: Where it is.
        api_key: The operator's key, if it asks for one.
        http: The shared HTTP; its owner closes it.
        max_event_bytes: The largest event that is accepted, in bytes.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        api_key: str | None,
        http: HttpClient,
        *,
        max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> None:
        self.name = name
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._http = http
        self._max_event_bytes = max_event_bytes

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self._base_url!r})"

    async def generate(self, request: GenerationRequest, sink: DeltaSink) -> None:
        """Call the model; give `sink` the deltas of each network read together, in the step that read them.

        Being cancelled, or an error of the sink, closes the connection at once.

        Raises:
            MillraceError: As the provider's answer means; what had come before has been given.
        """
        call = self._call(request)
        stream = await self._open(call, request)
        body = self._body(call, request)
        try:
            while True:
                await _read(stream, body, sink)
                resumed = None if body.failure is None else await self._resume(call, request, body)
                if resumed is None:
                    break
                stream.close()
                stream, body = resumed
        finally:
            stream.close()
            self._left(call, request, body)
        if body.failure is not None:
            raise body.failure

    @abstractmethod
    async def models(self) -> Sequence[ModelInfo]:
        """The models that it lists now, in its order.

        Raises:
            MillraceError: It does not answer, or refuses.
        """

    async def close(self) -> None:  # noqa: B027 - there is nothing to close unless a wire has more
        """Nothing to do: the connections are the shared HTTP's."""

    @abstractmethod
    async def _open(self, call: Call, request: GenerationRequest) -> BodyStream:
        """Send the request.

        Raises:
            MillraceError: It was refused, or there is no connection.
        """

    @abstractmethod
    def _body(self, call: Call, request: GenerationRequest) -> AnswerBody:
        """What reads the answer."""

    async def _resume(
        self,
        call: Call,  # noqa: ARG002 - for wires that can
        request: GenerationRequest,  # noqa: ARG002 - as above
        body: AnswerBody,  # noqa: ARG002 - as above
    ) -> tuple[BodyStream, AnswerBody] | None:
        """What goes on where a failed answer broke off; none where the wire cannot, or not this time."""
        return None

    def _left(self, call: Call, request: GenerationRequest, body: AnswerBody) -> None:  # noqa: B027 - for wires that must
        """An answer will not be read any further, whole or not. Must not wait."""

    def _call(self, request: GenerationRequest) -> Call:
        key = request.api_key or self._api_key
        return Call(self.name, request.model, request.api_key is not None, key, request.fail_fast)


class _Reading:
    """What is done with each read of one response."""

    __slots__ = ("_answers", "_body", "_sink", "_stream")

    def __init__(self, stream: BodyStream, body: AnswerBody, sink: DeltaSink) -> None:
        self._stream = stream
        self._body = body
        self._sink = sink
        self._answers = False

    def take(self, data: bytes) -> bool:
        """Pass on what the bytes say; whether that is all that will be read."""
        body = self._body
        batch = body.feed(data)
        if not self._answers and any(type(delta) is TextPiece for delta in batch):
            self._answers = True
            self._stream.answers()
        if body.ended:
            self._stream.wind_up(whole=body.whole)
        if batch:
            sink = self._sink
            sink(batch)
        return body.done


async def _read(stream: BodyStream, body: AnswerBody, sink: DeltaSink) -> None:
    """Read one response to its end, or as far as it matters."""
    cause: object = ""
    try:
        await stream.read(_Reading(stream, body, sink).take)
    except BROKEN as error:
        if stream.silent and not body.ended:
            body.fail(ProviderTimeout(detail=f"nothing came for {stream.silence_s:.0f} s"))
        stream.close()
        cause = repr(error)
    if rest := body.close(cause):
        sink(rest)
