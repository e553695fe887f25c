import os
import sys

import pytest
from bench.errors import BenchError
from bench.process import ROOT, Child, run_to_end

CORE = min(os.sched_getaffinity(0))
ANYWHERE = frozenset({CORE})


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_address_is_read_from_standard_output_alone() -> None:
    code = (
        "import sys, time; print('upstream is http://127.0.0.1:1/v1', file=sys.stderr, flush=True);"
        "print('ready at http://127.0.0.1:4711/', flush=True); time.sleep(60)"
    )
    child = Child("a server", python(code), ANYWHERE, {})
    try:
        assert child.address() == "http://127.0.0.1:4711"
    finally:
        child.stop()
    assert "upstream is" in child.output


def test_a_server_that_ends_at_once_is_named_with_its_last_words() -> None:
    child = Child("a server", python("raise SystemExit('no room')"), ANYWHERE, {})
    try:
        with pytest.raises(BenchError, match=r"(?s)a server did not start.*no room"):
            child.address()
    finally:
        child.stop()


def test_a_child_runs_on_its_cores_and_the_bench_stays_on_its_own() -> None:
    code = "import os; print(sorted(os.sched_getaffinity(0)), os.getcwd())"
    output = run_to_end("a command", python(code), ANYWHERE)
    assert output.decode().strip() == f"[{CORE}] {ROOT}"


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(BenchError, match="no such thing"):
        run_to_end("a command", python("raise SystemExit('no such thing')"), ANYWHERE)
