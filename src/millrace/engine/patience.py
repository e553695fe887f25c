"""How long a turn waits for its provider. Pure: the time is what it is told."""

from millrace.engine.options import EngineOptions
from millrace.model.commands import StartTurn
from millrace.model.generation import Capabilities


class Patience:
    """The limits of one turn: the server's, or its command's own. All times are seconds of one monotonic clock.

    A model that thinks first may take `thinking_timeout_s` until its answer begins, silent or not, for many hide what
    they think; the other limits count from there. A model whose answer comes in one piece may take as long as a whole
    answer may.
    """

    __slots__ = (
        "_asked",
        "_began",
        "_duration_s",
        "_first_s",
        "_heard",
        "_idle_s",
        "_options",
        "_progress",
        "_thinks",
        "_whole",
    )

    def __init__(self, options: EngineOptions, command: StartTurn) -> None:
        self._options = options
        self._first_s = options.first_token_timeout_s if command.silence_s is None else command.silence_s
        self._idle_s = options.idle_timeout_s if command.silence_s is None else command.silence_s
        self._duration_s = options.generation_timeout_s if command.duration_s is None else command.duration_s
        self._thinks = self._whole = self._heard = False
        self._began = self._asked = self._progress = 0.0

    def begin(self, now: float) -> None:
        """The turn runs."""
        self._began = self._progress = now

    def ask(self, now: float, model: Capabilities, *, thinks: bool) -> None:
        """A model is asked; `thinks` says that it is to think first."""
        self._asked = self._progress = now
        self._heard = False
        self._thinks = thinks or model.reasoning
        self._whole = not model.streaming

    def hear(self, now: float, *, answers: bool) -> None:
        """Something came; `answers` says that the answer has begun."""
        self._progress = now
        self._heard = True
        if answers and self._thinks:
            self._thinks = False
            self._began = now

    def over(self, now: float) -> bool:
        """Whether the turn has taken too long, whoever answers."""
        return not self._thinks and now - self._began > self._duration_s

    def silent(self, now: float) -> bool:
        """Whether the model that was asked has let us wait for too long."""
        if self._thinks:
            return now - self._asked > self._options.thinking_timeout_s
        if self._heard:
            return now - self._progress > self._idle_s
        return not self._whole and now - self._progress > self._first_s
