"""A breaker opens on failures, lets one probe through, and closes when it works again; whatever the order of calls."""

from hypothesis import given
from hypothesis import strategies as st

from millrace.routing.breaker import Breaker, BreakerOptions, Permit

OPTIONS = BreakerOptions(error_rate=0.5, least_calls=4, window_s=60, open_s=30)


def broken(now: float = 0.0) -> Breaker:
    breaker = Breaker(OPTIONS)
    for _ in range(4):
        breaker.end(breaker.begin(now), failed=True, now=now)
    return breaker


def test_it_opens_at_the_rate_and_not_before_enough_calls_ended() -> None:
    breaker = Breaker(OPTIONS)
    for failed in (True, False, True):
        breaker.end(breaker.begin(0), failed=failed, now=0)
        assert breaker.state(0) == "closed"
    breaker.end(breaker.begin(0), failed=None, now=0)
    assert breaker.figures(0) == (3, 2), "a stopped call says nothing"
    breaker.end(breaker.begin(0), failed=True, now=0)
    assert (breaker.state(0), breaker.ready(0)) == ("open", False)
    assert breaker.figures(0) == (0, 0)


def test_a_success_never_opens_it() -> None:
    breaker = Breaker(BreakerOptions(error_rate=0.5, least_calls=4, window_s=60))
    for now, failed in enumerate((True, True, False, False)):
        breaker.end(breaker.begin(now), failed=failed, now=now)
    assert breaker.state(3) == "closed"


def test_old_failures_are_forgotten() -> None:
    breaker = Breaker(OPTIONS)
    for _ in range(3):
        breaker.end(breaker.begin(0), failed=True, now=0)
    breaker.end(breaker.begin(61), failed=True, now=61)
    assert breaker.state(61) == "closed"
    assert breaker.figures(61) == (1, 1)


def test_one_probe_at_a_time_and_how_it_ends_decides() -> None:
    breaker = broken()
    assert breaker.state(29.9) == "open"
    assert (breaker.state(30), breaker.ready(30)) == ("half-open", True)
    probe = breaker.begin(30)
    assert probe.probe
    assert not breaker.ready(30)
    breaker.end(probe, failed=True, now=31)
    assert breaker.state(60.9) == "open", "it starts to wait again"
    probe = breaker.begin(61)
    breaker.end(probe, failed=None, now=62)
    assert breaker.ready(62), "a probe that was stopped makes room for another"
    breaker.end(breaker.begin(62), failed=False, now=63)
    assert breaker.state(63) == "closed"


def test_calls_of_an_earlier_period_change_nothing() -> None:
    breaker = Breaker(OPTIONS)
    slow = [breaker.begin(0) for _ in range(8)]
    for permit in slow[:4]:
        breaker.end(permit, failed=True, now=1)
    assert breaker.state(1) == "open"
    for permit in slow[4:]:
        breaker.end(permit, failed=False, now=2)
    forced = breaker.begin(3)
    breaker.end(forced, failed=False, now=4)
    assert breaker.state(4) == "open", "only a probe closes it"


@given(
    st.lists(
        st.tuples(st.sampled_from(["begin", "fail", "pass", "drop"]), st.floats(0, 40), st.integers(0, 5)),
        max_size=200,
    )
)
def test_whatever_happens(steps: list[tuple[str, float, int]]) -> None:
    breaker = Breaker(OPTIONS)
    now = 0.0
    running: list[Permit] = []
    probes: set[int] = set()
    for what, seconds, which in steps:
        now += seconds
        before = breaker.state(now)
        if what == "begin":
            ready = breaker.ready(now)
            permit = breaker.begin(now)
            running.append(permit)
            assert permit.probe == (ready and before == "half-open")
            if permit.probe:
                assert permit.period not in probes, "never two probes at a time"
                probes.add(permit.period)
        elif running:
            permit = running.pop(which % len(running))
            outcome = {"fail": True, "pass": False, "drop": None}[what]
            breaker.end(permit, failed=outcome, now=now)
            after = breaker.state(now)
            if permit.probe:
                probes.discard(permit.period)
                assert after == {True: "open", False: "closed", None: before}[outcome]
            elif outcome is not True:
                assert after == before, "only failures open it, only probes close it"
        calls, failures = breaker.figures(now)
        assert 0 <= failures <= calls
        assert breaker.ready(now) or breaker.state(now) != "closed"
    later = now + OPTIONS.open_s + 1
    if not probes:
        assert breaker.ready(later), "it is never open for ever"
