"""The workloads, in full and in the quick size."""

from typing import Literal, TypeAlias

import msgspec


class Streams(msgspec.Struct, frozen=True, tag="streams"):
    """Many answers at the same time, one per connection."""

    name: str
    title: str
    streams: int
    tokens: int
    """Tokens per answer."""
    interval_ms: float
    """Time between two tokens; 0: as fast as it goes."""
    chunk: int = 1
    """Tokens per write of the feed."""
    spread_s: float = 0.0
    """Time over which the starts are spread evenly."""
    ttft_ms: int = 0
    """How long the feed waits before the first token, so that all turns have started before the first token comes."""
    window: tuple[float, float] = (0.15, 0.85)
    """Between which shares of all tokens received the steady state is measured."""


class Idle(msgspec.Struct, frozen=True, tag="idle"):
    """Connections that do nothing."""

    name: str
    title: str
    connections: int
    seconds: float
    """How long the idle CPU is measured."""


class Turns(msgspec.Struct, frozen=True, tag="turns"):
    """Turns of one token, one after the other, each in a session of its own."""

    name: str
    title: str
    turns: int


class SlowReader(msgspec.Struct, frozen=True, tag="slow-reader"):
    """More watchers of a fast answer, who do not read, beside clients who read theirs. Millrace only.

    It runs twice, each time on a fresh server: first as `control`, without those watchers. What differs is their price.
    """

    name: str
    title: str
    seconds: float
    """How long they do not read."""
    role: Literal["control", "slow"]
    streams: int
    tokens_per_s: int
    """The rate of the answer that they do not read: enough to fill the kernel's buffers in time."""


Workload: TypeAlias = Streams | Idle | Turns | SlowReader

PACED, FLAT, MANY, IDLE, TURNS, CONTROL, SLOW = "paced", "flat", "many", "idle", "turns", "control", "slow"
NAMES = (IDLE, PACED, FLAT, MANY, TURNS, SLOW)


def _slow_reader(seconds: float, streams: int, rate: int) -> tuple[Workload, Workload]:
    return (
        SlowReader(CONTROL, "slow reader: control", seconds, "control", streams, rate),
        SlowReader(SLOW, "slow reader", seconds, "slow", streams, rate),
    )


def full_workloads() -> tuple[Workload, ...]:
    """Return the workloads by which Millrace is judged."""
    return (
        Idle(IDLE, "idle: 2,000 connections", 2000, 2.0),
        Streams(PACED, "paced: 100 streams, one token per 20 ms", 100, 200, 20, spread_s=1.0),
        Streams(FLAT, "flat out: 200 streams, ten tokens per write", 200, 500, 0, chunk=10, spread_s=0.5, ttft_ms=2000),
        Streams(MANY, "many slow: 1,000 streams, one token per 100 ms", 1000, 60, 100, spread_s=4, window=(0.35, 0.65)),
        Turns(TURNS, "turns of one token", 1000),
        *_slow_reader(30.0, 5, 500),
    )


def quick_workloads() -> tuple[Workload, ...]:
    """Return the same in a size for CI: less exact, and short."""
    return (
        Idle(IDLE, "idle: 300 connections", 300, 0.5),
        Streams(PACED, "paced: 50 streams, one token per 20 ms", 50, 75, 20, spread_s=0.4),
        Streams(FLAT, "flat out: 50 streams, ten tokens per write", 50, 200, 0, chunk=10, spread_s=0.1, ttft_ms=400),
        Streams(MANY, "many slow: 200 streams, one token per 100 ms", 200, 15, 100, spread_s=0.5, window=(0.35, 0.65)),
        Turns(TURNS, "turns of one token", 100),
        *_slow_reader(2.0, 10, 8000),
    )


def select(workloads: tuple[Workload, ...], names: set[str]) -> tuple[Workload, ...]:
    """Keep the named ones; `slow` brings its control with it. No names: all of them."""
    if not names:
        return workloads
    wanted = names | {CONTROL} if SLOW in names else names
    return tuple(workload for workload in workloads if workload.name in wanted)
