import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from millrace.cli.documents import documents

TEXT = "# Bread\n\nBake it."


def run(*arguments: object) -> Result:
    return CliRunner().invoke(documents, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def note(tmp_path: Path) -> Path:
    note = tmp_path / "note.md"
    note.write_text(TEXT, encoding="utf-8")
    return note


def ids(folder: Path, *options: str) -> list[str]:
    lines = run("list", "--data-dir", folder, *options).output.splitlines()
    return [line.split()[0] for line in lines[1:]]


def test_texts_are_added_listed_and_removed(folder: Path, note: Path) -> None:
    added = run("add", note, note, "--data-dir", folder)
    assert added.exit_code == 0, added.output
    assert "note.md: 1 passage\n" in added.output
    assert [line.split()[0] for line in added.output.splitlines()] == ids(folder)[::-1]
    listed = run("list", "--data-dir", folder).output
    assert "everyone" in listed
    first, second = ids(folder)
    removed = run("remove", first, second, "--data-dir", folder)
    assert removed.exit_code == 0
    assert "No texts are kept yet" in run("list", "--data-dir", folder).output


def test_a_users_texts_are_not_the_shared_ones(folder: Path, note: Path) -> None:
    run("add", note, "--user", "ada", "--data-dir", folder)
    assert "No texts" in run("list", "--data-dir", folder).output
    (document_id,) = ids(folder, "--user", "ada")
    refused = run("remove", document_id, "--data-dir", folder)
    assert refused.exit_code == 1
    assert "does not exist or is not yours" in refused.output
    assert run("remove", document_id, "--user", "ada", "--data-dir", folder).exit_code == 0


def test_the_folder_is_the_one_of_the_settings(folder: Path, note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(note.parent)
    monkeypatch.setenv("MILLRACE_DATA_DIR", str(folder))
    assert run("add", note).exit_code == 0
    assert len(ids(folder)) == 1


def test_what_cannot_be_added_is_said_and_the_rest_is_added(folder: Path, note: Path, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    (tmp_path / "large.txt").write_bytes(b"x" * (1024 * 1024 + 1))
    (tmp_path / "empty.txt").write_bytes(b"")
    added = run(
        "add",
        *(tmp_path / name for name in ("picture.png", "large.txt", "empty.txt", "missing", "note.md")),
        "--data-dir",
        folder,
    )
    assert added.exit_code == 1
    for words in ("not text in UTF-8", "larger than", "is empty", "cannot be read: No such file"):
        assert words in added.output
    assert len(ids(folder)) == 1


def test_a_broken_file_is_said_in_words(folder: Path) -> None:
    folder.mkdir()
    with sqlite3.connect(folder / "knowledge.db") as newer:
        newer.execute("PRAGMA user_version = 999")
    newer.close()
    refused = run("list", "--data-dir", folder)
    assert refused.exit_code == 1
    assert "newer Millrace" in refused.output
    assert "Traceback" not in refused.output
