"""The machine's clock."""

import time

from millrace.ops.clock import SystemClock


def test_it_tells_the_time() -> None:
    clock = SystemClock()
    assert abs(clock.now_ms() - time.time() * 1000) < 1000
    earlier = clock.monotonic()
    assert clock.monotonic() >= earlier
