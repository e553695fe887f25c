"""Several processes that serve one port: starts them, starts a dead one again, stops them together.

SIGTERM and SIGINT stop all of them in order. SIGHUP replaces them one after the other, so that there is always somebody
who serves: the next one is ready before the last one is told to stop.
"""

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Any

_log = logging.getLogger(__name__)

_AGAIN_S = 1.0
"""A worker that dies sooner is not started again before so many seconds are over."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class WorkerFailed(Exception):
    """A worker ended before it was ready, with `code`; it has said why."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"a worker ended with {code} before it was ready")


@dataclass(slots=True)
class Life:
    """What a worker has of its parent: where it says that it is ready, and what ends when the parent does."""

    says: Connection
    parent: Connection

    def ready(self) -> None:
        """Say that connections are accepted."""
        with suppress(OSError):  # the parent is gone, and `parent` says so
            self.says.send_bytes(b"ready")


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    says: Connection
    began: float
    is_ready: bool = False


class Workers:
    """Runs `work(life, *arguments)` in `count` processes, which are made anew and share nothing but the arguments.

    Args:
        work: A function of a module; it takes SIGTERM for the word to stop.
        arguments: What it takes; a listening socket may be among them.
        count: How many.
    """

    def __init__(self, work: Callable[..., None], arguments: tuple[Any, ...], count: int) -> None:
        self._work = work
        self._arguments = arguments
        self._count = count
        self._spawn = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._theirs, self._ours = self._spawn.Pipe(duplex=False)
        self._heard: list[int] = []

    def run(self, ready: Callable[[], None]) -> None:
        """Run until told to stop; `ready` is called once all of them are.

        Raises:
            WorkerFailed: One could not start.
        """
        wakes, wake = socket.socketpair()
        wake.setblocking(False)
        fd = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, self._hear) for number in _SIGNALS}
        try:
            self._workers = [self._start() for _ in range(self._count)]
            if self._await_ready(wakes, self._workers):
                ready()
                self._watch(wakes)
        finally:
            self._stop(self._workers)
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(fd)
            for end in (wakes, wake, self._theirs, self._ours):
                end.close()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._heard.append(number)

    def _told_to_stop(self) -> bool:
        return any(number != signal.SIGHUP for number in self._heard)

    def _start(self) -> _Worker:
        listens, says = self._spawn.Pipe(duplex=False)
        process = self._spawn.Process(target=self._work, args=(Life(says, self._theirs), *self._arguments))
        process.start()
        says.close()
        return _Worker(process, listens, time.monotonic())

    def _await_ready(self, wakes: socket.socket, workers: list[_Worker]) -> bool:
        """Whether all became ready; not so where a signal came first.

        Raises:
            WorkerFailed: One ended.
        """
        while not self._told_to_stop():
            waiting = [worker for worker in workers if not worker.is_ready]
            if not waiting:
                return True
            wait([wakes, *(worker.says for worker in waiting)])
            _drain(wakes)
            for worker in waiting:
                if worker.says.poll():
                    worker.is_ready = _said_ready(worker)
        return False

    def _watch(self, wakes: socket.socket) -> None:
        while not self._told_to_stop():
            wait([wakes, *(worker.process.sentinel for worker in self._workers)])
            _drain(wakes)
            if self._told_to_stop():
                return
            for number, worker in enumerate(self._workers):
                if not worker.process.is_alive():
                    self._replace_dead(number, wakes)
            if self._heard:
                self._heard.clear()
                self._replace_all(wakes)

    def _replace_dead(self, number: int, wakes: socket.socket) -> None:
        dead = self._workers[number]
        _log.error("worker %s ended with %s; another one is started", dead.process.pid, dead.process.exitcode)
        _close(dead)
        pause = dead.began + _AGAIN_S - time.monotonic()
        if pause > 0:
            wait([wakes], pause)
        self._workers[number] = self._start()

    def _replace_all(self, wakes: socket.socket) -> None:
        """One after the other; where the next one does not start, the last one goes on."""
        _log.info("all workers are replaced")
        for number, last in enumerate(self._workers):
            following = self._start()
            try:
                if not self._await_ready(wakes, [following]):
                    self._stop([following])
                    return
            except WorkerFailed as error:
                _log.error("a new worker ended with %s; the old ones go on", error.code)
                _close(following)
                return
            self._workers[number] = following
            self._stop([last])

    def _stop(self, workers: list[_Worker]) -> None:
        for worker in workers:
            if worker.process.is_alive() and worker.process.pid is not None:
                os.kill(worker.process.pid, signal.SIGTERM)
        for worker in workers:
            worker.process.join()
            _close(worker)


def _said_ready(worker: _Worker) -> bool:
    try:
        return worker.says.recv_bytes() == b"ready"
    except EOFError:
        worker.process.join()
        raise WorkerFailed(worker.process.exitcode or 1) from None


def _close(worker: _Worker) -> None:
    worker.says.close()
    worker.process.close()


def _drain(wakes: socket.socket) -> None:
    with suppress(BlockingIOError):
        while wakes.recv(4096, socket.MSG_DONTWAIT):
            pass
