"""What the set-up says to somebody whose machine lacks something: a sentence, not a trace."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What the scripts take for granted on any machine; no Python, no Node, no apt-get.
PLAIN = ("awk", "bash", "cat", "cksum", "dirname", "env", "find", "id", "mkdir", "rm", "sed", "sort", "tail", "tr")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of the scripts in a folder, beside a `bin` that holds plain tools alone."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "bin").mkdir()
    for name in PLAIN:
        found = shutil.which(name)
        assert found, name
        (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    """Put a program on the bare machine."""
    path = folder / "bin" / name
    path.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def set_up(folder: Path, *parts: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the set-up on the bare machine."""
    return subprocess.run(
        [folder / "scripts" / "setup.sh", *parts],
        env={"PATH": str(folder / "bin"), "HOME": str(folder), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_says_which_python_is_needed(bare: Path) -> None:
    program(bare, "python3", "exit 1")
    done = set_up(bare, "python")
    assert done.returncode == 1
    assert done.stderr.startswith("millrace: Python 3.11 or newer is needed, and python3 is not one.")


def test_says_that_node_is_missing(bare: Path) -> None:
    done = set_up(bare, "node")
    assert done.returncode == 1
    assert done.stderr.startswith("millrace: Node 20.19 or newer, with npm, is needed")


def test_says_that_node_is_too_old(bare: Path) -> None:
    program(bare, "npm", "exit 0")
    program(bare, "node", '[ "$1" = --version ] && echo v18.0.0; [ "$1" = --version ]')
    done = set_up(bare, "node")
    assert done.returncode == 1
    assert "and this is v18.0.0. Install a newer Node" in done.stderr


def test_says_which_programs_the_tests_need(bare: Path) -> None:
    script = bare / "scripts" / "services.sh"
    # The usual places outside PATH are this machine's; the bare one has none of them.
    text = script.read_text(encoding="utf-8")
    for place in ("/usr/", "/opt/", "/Applications/"):
        text = text.replace(place, f"{bare}{place}")
    script.write_text(text.replace(f"#!{bare}/usr/bin/env", "#!/usr/bin/env"), encoding="utf-8")
    done = set_up(bare, "services")
    assert done.returncode == 1
    assert "redis-server postgresql nginx chromium.\nInstall them with the system's package manager" in done.stderr


def test_a_failing_installer_is_shown_and_tried_again(bare: Path) -> None:
    program(bare, "node", "[ $# -gt 0 ] && [ $1 = --version ] && echo v24.0.0; exit 0")
    program(bare, "npm", "echo the registry is on fire >&2; exit 1")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        (bare / name).write_text("{}", encoding="utf-8")
    (bare / "node_modules").mkdir()
    failed = set_up(bare, "node")
    assert failed.returncode == 1
    assert "the registry is on fire" in failed.stderr

    program(bare, "npm", "echo noise; exit 0")
    assert set_up(bare, "node").stdout == "Installing the npm packages into node_modules ...\n"
    assert set_up(bare, "node").stdout == "", "what is done is not done again"
    (bare / "package-lock.json").write_text("{ }", encoding="utf-8")
    assert "Installing" in set_up(bare, "node").stdout, "what changed is done again"
