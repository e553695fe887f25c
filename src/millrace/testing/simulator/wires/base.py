"""What a wire protocol must be able to say. An implementation is pure: values in, bytes out.

A new protocol is a new module with a `Wire` and an `Encoder`, given to the simulator's constructor; behaviour, text,
pacing, faults and journal stay as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from millrace.testing.simulator.ask import Ask
from millrace.testing.simulator.behaviour import Behaviour
from millrace.testing.simulator.faults import Refusal
from millrace.testing.simulator.script import FinishReason, Script
from millrace.testing.simulator.text import Token


class RefusalAnswer(msgspec.Struct, frozen=True):
    """An error answer in the form of a wire that says it in its own way, as a success even."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}


class Identity(msgspec.Struct, frozen=True):
    """What an answer says of itself.

    Attributes:
        number: Number of the request, from 1 up.
        created: Time of the request, in seconds since 1970.
        model: The model's name without its behaviour.
    """

    number: int
    created: int
    model: str


class Encoder(Protocol):
    """Encodes one answer. The methods are called in the order in which they stand here; each returns whole events."""

    def start(self) -> bytes:
        """What comes before the first token."""
        ...

    def reasoning_start(self) -> bytes:
        """What opens the thinking; called only if there is any."""
        ...

    def reasoning(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the thinking, one event each."""
        ...

    def reasoning_end(self) -> bytes:
        """What closes the thinking."""
        ...

    def text(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the answer, one event each."""
        ...

    def finish(self, reason: FinishReason) -> bytes:
        """The regular end, token counts included."""
        ...

    def whole(self, script: Script) -> bytes:
        """The answer in one piece, for a request that does not stream."""
        ...

    def error(self, refusal: Refusal) -> bytes:
        """An error in the middle of the stream."""
        ...

    def malformed(self) -> bytes:
        """An event whose payload is broken off."""
        ...

    def bad_utf8(self) -> bytes:
        """A text event with bytes that are not UTF-8."""
        ...

    def open_line(self) -> bytes:
        """The beginning of a text event whose line never ends."""
        ...


class Wire(Protocol):
    """One provider protocol."""

    @property
    def path(self) -> str:
        """The path that requests are posted to."""
        ...

    @property
    def models_path(self) -> str:
        """The path of the list of models; several protocols may share one."""
        ...

    @property
    def stream_type(self) -> str:
        """Content type of a stream."""
        ...

    def read(self, body: bytes) -> Ask:
        """Decode a request.

        Raises:
            AskError: The request is not what the protocol allows.
        """
        ...

    def encoder(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> Encoder:
        """The encoder of one answer."""
        ...

    def refusal(self, refusal: Refusal) -> bytes:
        """The JSON body of an error answer."""
        ...

    def claims(self, headers: Mapping[str, str]) -> bool:
        """Whether a request to `models_path` is one of this protocol; header names are case-insensitive."""
        ...

    def models(self, names: Iterable[str]) -> bytes:
        """The JSON body of the list of models."""
        ...


@runtime_checkable
class PathWire(Protocol):
    """A wire whose path, a pattern, says what is asked for."""

    def at(self, path: Mapping[str, str], query: Mapping[str, str]) -> Wire:
        """The wire of one request.

        Args:
            path: What the pattern found in the path.
            query: The query.
        """
        ...


@runtime_checkable
class RefusingWire(Protocol):
    """A wire that refuses in its own way; others send the status, the JSON and ``Retry-After``."""

    def refuse(self, refusal: Refusal, retry_after: str | None) -> RefusalAnswer:
        """The whole error answer."""
        ...
