import pytest
from bench import workloads
from bench.measure import Plan
from bench.metrics import COLUMNS
from bench.process import Cores, command_environment
from bench.servers import SERVERS


def test_the_server_has_a_core_of_its_own_where_there_are_two() -> None:
    assert Cores.divide([0, 1]) == Cores(frozenset({1}), frozenset({0}))
    assert Cores.divide([5, 2, 9]) == Cores(frozenset({9}), frozenset({2, 5}))
    assert not Cores.divide([0, 1]).shared


def test_a_single_core_is_shared_and_it_is_said() -> None:
    assert Cores.divide([3]) == Cores(frozenset({3}), frozenset({3}))
    assert Cores.divide([3]).shared


def test_settings_of_this_machine_do_not_reach_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_LOG", "sqlite")
    monkeypatch.setenv("OPENAI_API_KEY", "somebody's")
    environment = command_environment({"MILLRACE_LOG": "memory"})
    assert environment["MILLRACE_LOG"] == "memory"
    assert "OPENAI_API_KEY" not in environment


def test_a_full_run_starts_a_server_for_each_workload() -> None:
    plan = Plan(SERVERS, workloads.full_workloads(), repeats=1, quick=False)
    assert plan.groups() == [[workload] for workload in workloads.full_workloads()]


def test_a_quick_run_shares_starts_except_where_memory_growth_is_measured() -> None:
    plan = Plan(SERVERS, workloads.quick_workloads(), repeats=1, quick=True)
    names = [[workload.name for workload in group] for group in plan.groups()]
    assert names == [["idle", "paced", "flat", "many", "turns"], ["control"], ["slow"]]


def test_only_millrace_has_second_watchers() -> None:
    plan = Plan(SERVERS, workloads.full_workloads(), repeats=1, quick=False)
    wanted = {
        workload.name: [spec.name for spec in SERVERS if plan.wants(spec, workload)] for workload in plan.workloads
    }
    assert wanted.pop("slow") == wanted.pop("control") == ["memory", "sqlite", "redis"]
    assert set(map(tuple, wanted.values())) == {("floor", "memory", "sqlite", "usual", "redis")}


def test_slow_reader_brings_its_control() -> None:
    chosen = workloads.select(workloads.full_workloads(), {"slow", "paced"})
    assert [workload.name for workload in chosen] == ["paced", "control", "slow"]


def test_both_sizes_have_the_same_workloads_and_all_of_them_are_shown() -> None:
    full, quick = (
        [workload.name for workload in size()] for size in (workloads.full_workloads, workloads.quick_workloads)
    )
    assert full == quick
    assert set(workloads.NAMES) == set(COLUMNS) == set(full) - {"control"}
