import gc
import subprocess
import sys

from millrace.cli.imports import importing, leaving


def test_what_was_imported_is_looked_through_no_more() -> None:
    before = gc.get_freeze_count()
    try:
        with importing():
            assert not gc.isenabled()
            made: list[list[int]] = [[]]
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
        assert made not in gc.get_objects()
    finally:
        gc.unfreeze()


def test_an_import_that_fails_leaves_the_collector_on() -> None:
    try:
        with importing():
            raise ImportError
    except ImportError:
        assert gc.isenabled()
    finally:
        gc.unfreeze()


def test_the_end_sets_everything_aside() -> None:
    try:
        with leaving():
            made: list[list[int]] = [[]]
        assert made not in gc.get_objects()
    finally:
        gc.unfreeze()


def test_the_command_line_itself_loads_nothing_heavy() -> None:
    program = "import sys, millrace.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "millrace.cli.serve" in loaded
    heavy = {"aiohttp", "fastapi", "sqlalchemy", "prompt_toolkit", "numpy", "millrace.server.app"}
    assert not heavy & set(loaded)
