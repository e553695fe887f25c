"""Timestamps are ISO 8601 in UTC with milliseconds and `Z`."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from millrace.stream.timestamps import Timestamps, iso


@given(st.lists(st.integers(0, 4_000_000_000_000), min_size=1, max_size=20))
def test_they_are_what_the_library_says(times: list[int]) -> None:
    timestamps = Timestamps()
    for at in times:
        expected = datetime.fromtimestamp(at // 1000, UTC).replace(microsecond=at % 1000 * 1000)
        assert timestamps.iso(at) == expected.isoformat(timespec="milliseconds").replace("+00:00", "Z") == iso(at)
