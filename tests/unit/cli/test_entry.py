import subprocess
import sys

import millrace


def test_it_runs_the_command_line_and_ends_with_its_code() -> None:
    run = [sys.executable, "-W", "error", "-m", "millrace.cli"]
    told = subprocess.run([*run, "--version"], capture_output=True, text=True, check=True)
    assert (told.stdout, told.stderr) == (f"millrace {millrace.__version__}\n", "")
    wrong = subprocess.run([*run, "grind"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "No such command" in wrong.stderr
