"""How many connections each user holds in this process."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from millrace.model.errors import RateLimited

_K = TypeVar("_K", bound=Hashable)


class ConnectionCounter:
    """Counts open connections by user, and by conversation where they belong to one."""

    def __init__(self, per_user: int) -> None:
        self._per_user = per_user
        self.opened = 0
        """Connections that there were so far."""
        self._held: Counter[str] = Counter()
        self._sessions: Counter[tuple[str, str]] = Counter()

    @property
    def total(self) -> int:
        """Connections that are open now."""
        return self._held.total()

    def of(self, user_id: str) -> int:
        """How many a user holds."""
        return self._held[user_id]

    def by_session(self, user_id: str | None = None) -> Mapping[str, int]:
        """How many connections belong to each conversation: a user's own, or all."""
        return {session: count for (user, session), count in self._sessions.items() if user_id in (None, user)}

    @contextmanager
    def hold(self, user_id: str, session_id: str | None = None) -> Iterator[None]:
        """Count a connection while the context lasts.

        Raises:
            RateLimited: The user holds as many as are allowed.
        """
        if self._held[user_id] >= self._per_user:
            raise RateLimited("You have too many connections open. Close a tab or a device and try again.")
        self.opened += 1
        _count(self._held, user_id, 1)
        if session_id is not None:
            _count(self._sessions, (user_id, session_id), 1)
        try:
            yield
        finally:
            _count(self._held, user_id, -1)
            if session_id is not None:
                _count(self._sessions, (user_id, session_id), -1)


def _count(counter: Counter[_K], key: _K, change: int) -> None:
    """Change a count; one that is 0 takes no room."""
    counter[key] += change
    if not counter[key]:
        del counter[key]
