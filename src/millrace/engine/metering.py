"""What stands in for a `Meter` where nobody counts."""

from collections.abc import Sequence

from millrace.model.events import Entry
from millrace.ports import Action


class Unmetered:
    """Implements the `Meter` port by counting nothing."""

    __slots__ = ()

    def acted(self, action: Action) -> None:
        """Nobody counts it."""

    def ended(self, entries: Sequence[Entry]) -> None:
        """Nobody counts it."""

    def refused(self, code: str) -> None:
        """Nobody counts it."""
