from hypothesis import given
from hypothesis import strategies as st

from millrace.ops.distribution import Distribution


@given(st.lists(st.floats(0, 100)))
def test_buckets_are_cumulative_and_hold_what_is_not_over_their_bound(times: list[float]) -> None:
    distribution = Distribution("d", "about", (0.5, 1, 10))
    distribution.add(times)
    values = {(sample.name, sample.labels.get("le")): sample.value for sample in distribution.family().samples}
    for bound in ("0.5", "1", "10"):
        assert values["d_bucket", bound] == sum(time <= float(bound) for time in times)
    assert values["d_bucket", "+Inf"] == values["d_count", None] == len(times)
    assert abs(values["d_sum", None] - sum(times)) < 1e-6
