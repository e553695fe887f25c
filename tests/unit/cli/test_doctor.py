from pathlib import Path

import pytest
from typer.testing import CliRunner

from millrace.cli.main import app


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MILLRACE_DISCOVER_LOCAL", "false")
    monkeypatch.setenv("MILLRACE_PORT", "0")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_a_problem_is_shown_with_its_remedy_and_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, no folder")
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "problem Data folder" in result.stdout
    assert "--data-dir" in result.stdout
    assert "found." in result.stdout


def test_brackets_in_what_was_found_are_no_markup(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["doctor", "--data-dir", str(tmp_path / "[red]x")])
    assert "[red]x" in result.stdout


def test_wrong_settings_are_told_first() -> None:
    result = CliRunner().invoke(app, ["doctor"], env={"MILLRACE_LOG": "paper"})
    assert result.exit_code == 2
    assert "millrace: The setting log (MILLRACE_LOG) is wrong" in result.stderr
