"""The results of a run, and what is asked of them."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import psutil
from msgspec import Struct

from chaos.counting import Counts, total
from chaos.round import Answer, Round

NEEDED_TURNS = 2000
"""Answers under fault that each backend needs before anything is said of it."""
TAKEOVER_S = 2.0
"""A dead process's answers go on so long after the end of its lease, at most."""


class Conditions(Struct, frozen=True):
    """How and on what a run was made.

    Attributes:
        at: When, ISO 8601.
        seed: What the rounds' seeds follow from.
        turns: Answers at a time for each transport.
        transports: What was spoken.
        lease_s: The lease of the servers.
        left_out: Faults that this machine has not what it takes for.
        machine: The machine.
        python: The version of Python.
        load_average: How busy the machine was when the run began: over one minute.
        seconds: How long the run took.
    """

    at: str
    seed: int
    turns: int
    transports: Sequence[str]
    lease_s: float
    left_out: Sequence[str]
    machine: str
    python: str
    load_average: float
    seconds: float = 0.0


class Spread(Struct, frozen=True):
    """Some times, in seconds."""

    number: int
    median: float
    p99: float
    longest: float

    @classmethod
    def of(cls, times: Iterable[float]) -> "Spread | None":
        """Of these, if there are any."""
        ordered = sorted(times)
        if not ordered:
            return None
        last = len(ordered) - 1
        return cls(len(ordered), ordered[last // 2], ordered[round(last * 0.99)], ordered[last])


class Cell(Struct, frozen=True):
    """One fault at one backend, over one transport."""

    backend: str
    fault: str
    transport: str
    counts: Counts


class Silences(Struct, frozen=True):
    """How long readers waited after a kill -9: those at another process, and those who had to come back."""

    elsewhere: Spread | None
    returning: Spread | None


class Played(Struct, frozen=True):
    """One round without its answers."""

    backend: str
    fault: str
    seed: int
    seconds: float
    counts: Counts
    recovered: bool
    asked_again: int


class Summary(Struct, frozen=True):
    """What is written of a run: for machines as it is, for people as a page."""

    conditions: Conditions
    backends: Mapping[str, Counts]
    cells: Sequence[Cell]
    kill: Mapping[str, Silences]
    rounds: Sequence[Played]
    problems: Sequence[str]


class Results(Struct, frozen=True):
    """All that a run found. `broken` are rounds that could not be played, in words."""

    conditions: Conditions
    rounds: Sequence[Round]
    broken: Sequence[str] = ()

    def cells(self) -> Sequence[Cell]:
        """Every fault at every backend over every transport, in the order in which they were played."""
        found: dict[tuple[str, str, str], list[Counts]] = {}
        for each in self.rounds:
            for answer in each.answers:
                found.setdefault((each.backend, each.fault, answer.transport), []).append(answer.counts)
        return [Cell(*names, total(counts)) for names, counts in found.items()]

    def of_backend(self, backend: str) -> Counts:
        """All rounds at a backend."""
        return total(each.counts for each in self.rounds if each.backend == backend)

    def backends(self) -> Sequence[str]:
        """Those that were put under stress."""
        return list(dict.fromkeys(each.backend for each in self.rounds))

    def silences(self, backend: str, fault: str, *, elsewhere: bool) -> Spread | None:
        """How long readers waited, whose model continues exactly; without those whose answer had ended before."""
        answers: list[Answer] = [
            answer
            for each in self.rounds
            if (each.backend, each.fault) == (backend, fault)
            for answer in each.answers
            if answer.elsewhere is elsewhere and answer.exact and answer.counts.in_flight
        ]
        return Spread.of(answer.next_word_s for answer in answers if answer.next_word_s is not None)

    def problems(self) -> Sequence[str]:
        """Whatever went wrong, a line for each."""
        found = list(self.broken)
        found += [
            f"{each.backend}, {each.fault}, seed {each.seed}: {problem}"
            for each in self.rounds
            for problem in each.problems
        ]
        return [*found, *self.lateness()]

    def lateness(self) -> Sequence[str]:
        """Whether a dead process's answers went on too late for those who were connected to another one."""
        takeover = self.silences("redis", "kill", elsewhere=True)
        limit = self.conditions.lease_s + TAKEOVER_S
        if takeover is None or takeover.longest <= limit:
            return []
        return [f"redis, kill: a reader elsewhere waited {takeover.longest:.2f} s, more than {limit:g} s"]

    def summary(self) -> "Summary":
        """The figures without every single answer."""
        return Summary(
            self.conditions,
            {name: self.of_backend(name) for name in self.backends()},
            self.cells(),
            {
                name: Silences(
                    self.silences(name, "kill", elsewhere=True), self.silences(name, "kill", elsewhere=False)
                )
                for name in self.backends()
            },
            [
                Played(
                    each.backend,
                    each.fault,
                    each.seed,
                    round(each.seconds, 2),
                    each.counts,
                    each.recovered,
                    each.asked_again,
                )
                for each in self.rounds
            ],
            self.problems(),
        )


def conditions(*, seed: int, turns: int, transports: Sequence[str], lease_s: float) -> Conditions:
    """Those of a run that begins now, here."""
    memory = psutil.virtual_memory().total / 2**30
    return Conditions(
        at=datetime.now(UTC).isoformat(timespec="minutes"),
        seed=seed,
        turns=turns,
        transports=transports,
        lease_s=lease_s,
        left_out=(),
        machine=f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, {memory:.0f} GiB",
        python=platform.python_version(),
        load_average=round(os.getloadavg()[0], 1),
    )


def encoded(summary: Summary) -> bytes:
    """As JSON."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n"
