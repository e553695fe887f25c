"""Timestamps as all protocols want them: ISO 8601 in UTC with milliseconds and `Z`."""

from datetime import UTC, datetime

_ENDS = tuple(f"{ms:03d}Z" for ms in range(1000))  # formatting a number costs more than all the rest


class Timestamps:
    """Formats Unix milliseconds. Text within one second shares its prefix, which is most of the work."""

    __slots__ = ("_prefix", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._prefix = ""

    def iso(self, at_ms: int) -> str:
        """For example `2026-11-20T08:01:44.123Z`."""
        second, ms = divmod(at_ms, 1000)
        if second != self._second:
            self._second = second
            self._prefix = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        return self._prefix + _ENDS[ms]


def iso(at_ms: int) -> str:
    """One timestamp."""
    return Timestamps().iso(at_ms)
