"""What every dialect of a bidirectional transport offers."""

from typing import Protocol

from msgspec import Struct

from millrace.model.commands import Command, Ping
from millrace.model.errors import MillraceError
from millrace.stream.frames import Renderer


class Reference(Struct, frozen=True):
    """What an error is about, as far as it is known."""

    session_id: str | None = None
    message_id: str | None = None
    turn_id: str | None = None
    request_id: str | None = None


class BadFrame(Exception):
    """A frame that is no command: the error to send, and what it is about."""

    def __init__(self, error: MillraceError, reference: Reference) -> None:
        super().__init__(error.message)
        self.error = error
        self.reference = reference


class Dialect(Protocol):
    """A translation between frames and commands, events and frames. Pure: times come in as arguments."""

    name: str

    def decode(self, frame: str | bytes, user_id: str) -> Command:
        """The command that a frame from `user_id` holds.

        Raises:
            BadFrame: It holds none; the error names what is wrong.
        """

    def renderer(self) -> Renderer:
        """A new renderer for one turn."""

    def error(self, error: MillraceError, reference: Reference, at_ms: int) -> bytes:
        """The frame of an error outside a turn's log."""

    def pong(self, ping: Ping, at_ms: int) -> bytes:
        """The answer to a ping."""
