"""How long what is in Redis lives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisTimes:
    """In seconds.

    Attributes:
        lease_s: A process that has not renewed the lease of a turn for so long owns it no longer.
        outage_s: How long Redis may be out of reach before the running answers end.
        running_s: What belongs to an unfinished turn is kept so long after the last sign of its owner.
        completed_s: How long the log of a completed turn is kept.
        ended_s: How long that of a turn which failed or was stopped is.
    """

    lease_s: float = 5.0
    outage_s: float = 10.0
    running_s: float = 300.0
    completed_s: float = 30.0
    ended_s: float = 60.0


def milliseconds(seconds: float) -> int:
    """As Redis counts."""
    return round(seconds * 1000)
