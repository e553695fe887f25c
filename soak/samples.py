"""What a quiet server holds after so many answers, and whether that grows. Pure."""

from collections.abc import Callable, Sequence

from msgspec import Struct

WARM = 1
"""The first samples count for nothing: caches, pools and tables are filled."""


class Sample(Struct, frozen=True, kw_only=True):
    """A server at rest.

    Attributes:
        turns: How many answers it has given so far.
        rss_mib: Its memory, as the kernel counts it.
        blocks: Blocks of memory that Python has given out: every object is at least one.
        tasks: Tasks of its event loop.
        answers: Answers that are held in memory.
        sockets: Its sockets, those to Redis and PostgreSQL included.
        clients: Those of its sockets that lead to clients.
        files: Its open files of all kinds.
        lasting_keys: Keys in Redis that stay, or stay for long, without being asked for.
        fading_keys: Keys in Redis that end within two minutes.
        remembered: Keys in Redis of requests that are remembered for 24 hours: sent again, they run once.
    """

    turns: int
    rss_mib: float
    blocks: int
    tasks: int
    answers: int
    sockets: int
    clients: int
    files: int
    lasting_keys: int | None = None
    fading_keys: int | None = None
    remembered: int | None = None


class Bound(Struct, frozen=True):
    """How much something may grow: by `most`, whatever the number of answers, and by `per_turn` more with each."""

    title: str
    of: Callable[[Sample], float]
    most: float
    per_turn: float = 0.0


BOUNDS = (
    Bound("memory (MiB)", lambda sample: sample.rss_mib, most=6.0, per_turn=0.002),
    Bound("blocks of memory", lambda sample: sample.blocks, most=3000, per_turn=3.0),
    Bound("tasks", lambda sample: sample.tasks, most=0),
    Bound("answers in memory", lambda sample: sample.answers, most=0),
    Bound("sockets", lambda sample: sample.sockets, most=24),
    Bound("sockets of clients", lambda sample: sample.clients, most=0),
    Bound("open files", lambda sample: sample.files, most=28),
    Bound("keys that stay in Redis", lambda sample: sample.lasting_keys or 0, most=0),
)
"""A pool of connections that fills up to what is asked at a time is no leak, nor is a window of counted requests."""


def problems(samples: Sequence[Sample]) -> list[str]:
    """What grew more than it may between the first sample that counts and the last; one sentence each."""
    counted = samples[WARM:]
    if len(counted) <= 1:
        return ["There are too few samples to say anything."]
    first, last = counted[0], counted[-1]
    turns = last.turns - first.turns
    found = []
    for bound in BOUNDS:
        grown = bound.of(last) - bound.of(first)
        allowed = bound.most + bound.per_turn * turns
        if grown > allowed:
            found.append(f"{bound.title} grew by {grown:,.1f} in {turns:,} answers; {allowed:,.1f} is allowed.")
    if last.answers or last.clients:
        found.append(f"At rest it holds {last.answers} answers and {last.clients} sockets of clients.")
    return found
