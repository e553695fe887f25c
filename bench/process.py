"""Child processes of the bench: pinned, found by the address they print, ended when done."""

import os
import re
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

from bench.errors import BenchError

ADDRESS = re.compile(r"https?://[\w.\[\]:-]+")
ROOT = Path(__file__).parent.parent
START_LIMIT_S = 60.0
STOP_LIMIT_S = 15.0
KEPT_LINES = 40


@dataclass(frozen=True, slots=True)
class Cores:
    """Which CPUs belong to the server under test, and which to feed, load and the bench itself."""

    server: frozenset[int]
    others: frozenset[int]

    @classmethod
    def divide(cls, available: Sequence[int]) -> "Cores":
        """Give the last core to the server and the rest to the others; a single core is shared by all."""
        ordered = sorted(available)
        return cls(frozenset(ordered[-1:]), frozenset(ordered[:-1] or ordered))

    @property
    def shared(self) -> bool:
        """True where there is one core only, so that latencies include the cost of feed and load."""
        return bool(self.server & self.others)


def command_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with `extra`; settings of a Millrace on this machine do not reach the bench."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MILLRACE_", "OPENAI_"))}
    return inherited | {"PYTHONUNBUFFERED": "1"} | dict(extra)


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Run on `cores` for a while; a child started meanwhile stays on them from its first instruction."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Child:
    """A server process that says on its standard output where it listens."""

    def __init__(
        self, name: str, command: Sequence[str], cores: frozenset[int], extra: Mapping[str, str], folder: Path = ROOT
    ) -> None:
        self._name = name
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._ready = threading.Event()
        self._address: str | None = None
        with pinned(cores):
            self._process = subprocess.Popen(
                command,
                env=command_environment(extra),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = (
            threading.Thread(target=self._read_output, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self._process.stderr,), daemon=True),
        )
        for reader in self._readers:
            reader.start()

    def _read_output(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self._lines.append(line.rstrip())
                found = ADDRESS.search(line)
                if found and self._address is None:
                    self._address = found[0]
                    self._ready.set()
        self._ready.set()

    def _read_errors(self, errors: IO[str]) -> None:
        with errors:
            self._lines.extend(line.rstrip() for line in errors)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """The last lines it wrote."""
        return "\n".join(self._lines)

    def address(self) -> str:
        """Wait for the first address it prints and return it: scheme, host and port.

        Raises:
            BenchError: it ended, or printed none in time.
        """
        self._ready.wait(START_LIMIT_S)
        if self._address is None:
            self.stop()  # so that its last words are all here
            raise BenchError(f"{self._name} did not start. Its last words:\n{self.output}")
        return self._address

    def stop(self) -> None:
        """End the process: politely, then not."""
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()


def run_to_end(
    name: str,
    command: Sequence[str],
    cores: frozenset[int],
    stdin: bytes = b"",
    extra: Mapping[str, str] = MappingProxyType({}),
    folder: Path = ROOT,
) -> bytes:
    """Run a command on `cores` and return what it wrote to standard output.

    Raises:
        BenchError: it failed.
    """
    with pinned(cores):
        done = subprocess.run(
            command, input=stdin, capture_output=True, env=command_environment(extra), cwd=folder, check=False
        )
    if done.returncode:
        raise BenchError(f"{name} failed:\n{done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout
