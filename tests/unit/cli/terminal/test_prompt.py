import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from millrace.cli.client.errors import SignInNeeded
from millrace.cli.terminal.prompt import Prompt, TerminalPerson


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[PipeInput]:
    monkeypatch.setenv("TERM", "xterm")  # a dumb terminal gets another prompt, without keys of ours
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


async def test_lines_are_read_and_remembered_for_their_owner_alone(keys: PipeInput, tmp_path: Path) -> None:
    history = tmp_path / "state" / "history"
    prompt = Prompt(history, lambda: "")
    keys.send_text("What is a turn?\r")
    assert await prompt.line() == "What is a turn?"
    keys.send_text("one\x1b\rtwo\r")
    assert await prompt.line() == "one\ntwo"
    assert "+What is a turn?" in history.read_text(encoding="utf-8")
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


async def test_control_c_erases_and_then_interrupts(keys: PipeInput, tmp_path: Path) -> None:
    prompt = Prompt(tmp_path / "history", lambda: "reconnecting...")
    keys.send_text("half a line\x03whole\r")
    assert await prompt.line() == "whole"
    keys.send_text("\x03")
    with pytest.raises(KeyboardInterrupt):
        await prompt.line()
    keys.send_text("\x04")
    with pytest.raises(EOFError):
        await prompt.line()


async def test_a_history_that_cannot_be_kept_is_none(keys: PipeInput, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    prompt = Prompt(tmp_path / "file" / "history", lambda: "")
    keys.send_text("Hello\r")
    assert await prompt.line() == "Hello"


async def test_without_a_terminal_nobody_is_asked() -> None:
    with pytest.raises(SignInNeeded, match="--token"):
        await TerminalPerson().password()
