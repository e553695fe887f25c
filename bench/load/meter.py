"""Marks in the flow of tokens."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench.load.usage import ServerProcess, cpu_ns


@dataclass(frozen=True, slots=True)
class Mark:
    """Clocks at one moment, in nanoseconds, and the number of tokens that had been received by then."""

    tokens: int
    at: int
    server_cpu: int
    feed_cpu: int
    load_cpu: int
    server_waited: int


class Meter:
    """Counts the tokens of all clients, and acts at the very token that completes a chosen count."""

    def __init__(self, server: ServerProcess, feed_pid: int) -> None:
        self._server = server
        self._feed_pid = feed_pid
        self._actions: list[tuple[int, Callable[[], None]]] = []
        self._next = 0
        self.tokens = 0

    def mark(self) -> Mark:
        """Read all clocks."""
        clocks = self._server.cpu_ns(), cpu_ns(self._feed_pid), time.process_time_ns()
        waited = self._server.waited_ns()
        return Mark(self.tokens, time.monotonic_ns(), *clocks, waited)

    def begin(self, actions: Iterable[tuple[int, Callable[[], None]]] = ()) -> None:
        """Count from 0 again; call each action, in rising order, as soon as its count (1 or more) is reached."""
        self.tokens = 0
        self._actions = list(actions)
        self._next = self._actions[0][0] if self._actions else 0

    def count(self, tokens: int) -> None:
        """Note that `tokens` have been received."""
        self.tokens += tokens
        while 0 < self._next <= self.tokens:
            _, action = self._actions.pop(0)
            self._next = self._actions[0][0] if self._actions else 0
            action()
