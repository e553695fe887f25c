from contextlib import ExitStack

import pytest

from millrace.limits.connections import ConnectionCounter
from millrace.model.errors import RateLimited


def test_each_user_may_hold_so_many() -> None:
    counter = ConnectionCounter(2)
    with ExitStack() as stack:
        stack.enter_context(counter.hold("ada"))
        stack.enter_context(counter.hold("ada"))
        stack.enter_context(counter.hold("grace"))
        assert counter.total == 3
        with pytest.raises(RateLimited), counter.hold("ada"):
            pass
        assert counter.total == 3
    assert counter.total == 0
    with counter.hold("ada"):
        assert counter.total == 1


def test_a_connection_that_breaks_is_not_held() -> None:
    counter = ConnectionCounter(1)
    with pytest.raises(ConnectionResetError), counter.hold("ada"):
        raise ConnectionResetError
    assert counter.total == 0
