"""Rates over a moving window, for things that happen a few times a minute: questions, sign-ins, tickets."""

import math
import time
from urllib.parse import quote

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from millrace.model.errors import RateLimited


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
        item = RateLimitItemPerMinute(per_minute, namespace=name)
        parts = [quote(part, safe="") for part in key]  # the library joins them by slashes
        if self._limiter.hit(item, *parts):
            return
        reset = self._limiter.get_window_stats(item, *parts).reset_time
        raise RateLimited(retry_after=max(1, math.ceil(reset - time.time())))
