import os

from bench.load.meter import Meter
from bench.load.usage import ServerProcess, cpu_ns


def meter() -> Meter:
    return Meter(ServerProcess.of(os.getpid()), os.getpid())


def test_actions_happen_at_the_token_that_completes_their_count() -> None:
    counting, seen = meter(), list[tuple[str, int]]()
    counting.begin(
        [(2, lambda: seen.append(("low", counting.tokens))), (5, lambda: seen.append(("high", counting.tokens)))]
    )
    for tokens in (1, 1, 1, 4, 1):
        counting.count(tokens)
    assert seen == [("low", 2), ("high", 7)]


def test_one_merged_frame_may_pass_several_marks() -> None:
    counting, seen = meter(), list[str]()
    counting.begin([(2, lambda: seen.append("low")), (5, lambda: seen.append("high"))])
    counting.count(10)
    assert seen == ["low", "high"]


def test_the_cpu_clock_is_that_of_the_process() -> None:
    before = cpu_ns(os.getpid())
    sum(range(200_000))
    spent = cpu_ns(os.getpid()) - before
    times = os.times()
    assert spent > 0
    assert abs(cpu_ns(os.getpid()) / 1e9 - times.user - times.system) < 0.5
