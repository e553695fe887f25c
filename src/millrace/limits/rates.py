"""Rates over a moving window, for things that happen a few times a minute: questions, sign-ins, tickets."""

import math
import time
from dataclasses import dataclass
from urllib.parse import quote

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from millrace.model.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Allowance:
    """What somebody has left of a rate after a request, and whether the request was within it."""

    granted: bool
    limit: int
    remaining: int
    reset_s: int
    """Seconds until there is room for more."""

    def headers(self) -> dict[str, str]:
        """The `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers, as most clients read them)."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
            "RateLimit-Policy": f"{self.limit};w=60",
        }


class Rates:
    """Counts what this process lets through, per name and key, in its memory.

    The window moves: of any 60 seconds, no more than the limit. Counters that no longer matter are forgotten.
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def take(self, name: str, *key: str, per_minute: int) -> None:
        """Count one `name` for `key`.

        Raises:
            RateLimited: There were `per_minute` in the last minute; `retry_after` says when there is room again.
        """
        allowance = self.count(name, *key, per_minute=per_minute)
        if not allowance.granted:
            raise RateLimited(retry_after=allowance.reset_s)

    def count(self, name: str, *key: str, per_minute: int) -> Allowance:
        """Count one `name` for `key` if there is room for it; what is left then."""
        item = RateLimitItemPerMinute(per_minute, namespace=name)
        parts = [quote(part, safe="") for part in key]  # the library joins them by slashes
        granted = self._limiter.hit(item, *parts)
        window = self._limiter.get_window_stats(item, *parts)
        reset_s = max(1, math.ceil(window.reset_time - time.time()))
        return Allowance(granted, per_minute, max(0, window.remaining), reset_s)
