"""How many connections each user holds in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from millrace.model.errors import RateLimited


class ConnectionCounter:
    """Counts open connections by user."""

    def __init__(self, per_user: int) -> None:
        self._per_user = per_user
        self._held: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """Connections that are open now."""
        return self._held.total()

    @contextmanager
    def hold(self, user_id: str) -> Iterator[None]:
        """Count a connection while the context lasts.

        Raises:
            RateLimited: The user holds as many as are allowed.
        """
        if self._held[user_id] >= self._per_user:
            raise RateLimited("You have too many connections open. Close a tab or a device and try again.")
        self._held[user_id] += 1
        try:
            yield
        finally:
            self._held[user_id] -= 1
            if not self._held[user_id]:
                del self._held[user_id]
