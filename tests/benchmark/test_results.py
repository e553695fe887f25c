import pytest
from bench import metrics, workloads
from bench.results import Results, Sample
from bench.servers import FLOOR, MEMORY, SQLITE, USUAL
from bench.targets import Check, Verdict, check


def paced(server: str, repeat: int, cpu: float, p99: float = 1.0) -> Sample:
    figures = {"cpu_us_per_token": cpu, "latency_p99_ms": p99, "ttft_ms": 2.0}
    return Sample(server, workloads.PACED, repeat, figures)


def verdicts(results: Results, slack: float = 1.0) -> dict[tuple[str, str], Verdict]:
    return {(found.title.split(",")[0], found.server): found.verdict for found in check(results, slack)}


def test_each_repeat_is_compared_with_the_floor_of_the_same_repeat() -> None:
    samples = []
    for repeat, slowness in enumerate((1.0, 2.0, 5.0)):
        samples += [paced(FLOOR, repeat, 10 * slowness, slowness), paced(MEMORY, repeat, 20 * slowness, 3 + slowness)]
    results = Results.of(samples)
    assert results.get(MEMORY, workloads.PACED, metrics.CPU) == 40
    assert results.get(MEMORY, workloads.PACED, metrics.CPU_RATIO) == 2
    assert results.get(MEMORY, workloads.PACED, metrics.ADDED_P99) == 3


def test_without_a_floor_there_is_no_comparison() -> None:
    results = Results.of([paced(MEMORY, 0, 20)])
    assert results.get(MEMORY, workloads.PACED, metrics.CPU_RATIO) is None
    assert results.get(USUAL, workloads.PACED, metrics.CPU) is None
    assert ("CPU per token", MEMORY) not in verdicts(results)


def test_a_slow_reader_is_compared_with_the_control_of_the_same_server() -> None:
    samples = [
        Sample(SQLITE, workloads.CONTROL, 0, {"grown_kib_per_reader": 100.0, "others_p99_ms": 2.0}),
        Sample(FLOOR, workloads.SLOW, 0, {"grown_kib_per_reader": 5.0, "others_p99_ms": 1.0}),
        Sample(SQLITE, workloads.SLOW, 0, {"grown_kib_per_reader": 700.0, "others_p99_ms": 2.5}),
    ]
    results = Results.of(samples)
    assert results.get(SQLITE, workloads.SLOW, metrics.SLOW_MEMORY) == 600
    assert results.get(SQLITE, workloads.SLOW, metrics.OTHERS_ADDED) == 0.5
    assert results.get(FLOOR, workloads.SLOW, metrics.SLOW_MEMORY) is None


@pytest.mark.parametrize(
    ("value", "verdict"), [(3.0, Verdict.MET), (3.1, Verdict.SLACK), (3.75, Verdict.SLACK), (3.76, Verdict.MISSED)]
)
def test_slack_is_named_and_has_an_end(value: float, verdict: Verdict) -> None:
    assert Check("a figure", SQLITE, value, 3.0, 1.25).verdict is verdict


def test_cpu_is_judged_against_the_floor_and_the_usual_app() -> None:
    fine = Results.of([paced(FLOOR, 0, 10), paced(MEMORY, 0, 25), paced(USUAL, 0, 100)])
    assert set(verdicts(fine).values()) == {Verdict.MET}
    assert [found.limit for found in check(fine, 1.0) if "times the floor" in found.title] == [2.5]
    dear = Results.of([paced(FLOOR, 0, 10), paced(SQLITE, 0, 29), paced(USUAL, 0, 100)])
    found = [one for one in check(dear, 1.0) if one.verdict is Verdict.MISSED]
    assert [(one.server, one.value) for one in found] == [(SQLITE, 0.29)]


def test_a_wrong_text_has_no_slack() -> None:
    sample = Sample(FLOOR, workloads.FLAT, 0, {"mismatches": 1.0})
    assert (
        verdicts(Results.of([sample]), slack=10)["answers that failed or were not the feed's", "all"] is Verdict.MISSED
    )


def test_the_longest_pause_of_any_workload_counts() -> None:
    samples = [
        Sample(SQLITE, workloads.IDLE, 0, {"gc_pause_max_ms": 1.0}),
        Sample(SQLITE, workloads.FLAT, 0, {"gc_pause_max_ms": 30.0}),
    ]
    assert verdicts(Results.of(samples))["longest garbage collection", SQLITE] is Verdict.MISSED
