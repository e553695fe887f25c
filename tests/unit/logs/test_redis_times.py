"""Times as Redis counts."""

from millrace.logs.redis_times import RedisTimes, milliseconds


def test_seconds_become_whole_milliseconds() -> None:
    assert [milliseconds(0.0004), milliseconds(1.5), milliseconds(300)] == [0, 1500, 300_000]


def test_a_dead_owner_is_noticed_long_before_its_turns_expire() -> None:
    times = RedisTimes()
    assert times.lease_s + times.outage_s < times.running_s / 5
