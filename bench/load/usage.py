"""CPU time and memory of the processes that are measured. Linux only: it reads per-process CPU clocks and `/proc`."""

import time
from dataclasses import dataclass
from pathlib import Path

import psutil

_CPU_CLOCK_OF_PROCESS = 2
"""The kernel's `CPUCLOCK_SCHED`: user and system time of all threads, in nanoseconds (`/proc` counts 10 ms ticks)."""


def cpu_ns(pid: int) -> int:
    """Return the user and system time that a process has spent, in nanoseconds.

    Raises:
        OSError: there is no such process.
    """
    return time.clock_gettime_ns((~pid << 3) | _CPU_CLOCK_OF_PROCESS)


def waited_ns(pid: int) -> int:
    """Return how long the main thread of a process was ready to run while something else had its core, in nanoseconds.

    Raises:
        OSError: there is no such process.
    """
    _, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(waited)


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """The server under test with the processes it had started when the measurement began."""

    pids: tuple[int, ...]

    @classmethod
    def of(cls, pid: int) -> "ServerProcess":
        """Find the processes of the server whose main process is `pid`."""
        return cls((pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))))

    def cpu_ns(self) -> int:
        """Return the CPU time spent so far, in nanoseconds."""
        return sum(cpu_ns(pid) for pid in self.pids)

    def waited_ns(self) -> int:
        """Return how long its main threads waited for their core, in nanoseconds."""
        return sum(waited_ns(pid) for pid in self.pids)

    def memory_kib(self) -> float:
        """Return the memory that is theirs alone (unique set size).

        Pages that are shared, of libraries for example, are no growth of a server's, and a share in them changes with
        whatever else runs on the machine.
        """
        return sum(float(psutil.Process(pid).memory_full_info().uss) for pid in self.pids) / 1024
