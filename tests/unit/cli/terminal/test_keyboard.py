import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from millrace.cli.terminal.keyboard import quiet_keyboard


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Where to press keys: the other end of the terminal that the input is."""
    person, program = os.openpty()
    with os.fdopen(program) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield person
    os.close(person)


def test_what_is_typed_before_a_prompt_waits_for_it(keys: int) -> None:
    with quiet_keyboard():
        os.write(keys, b"typed ahead\x04\n")
        select.select([sys.stdin], [], [])  # it has arrived
        tty.setcbreak(sys.stdin, termios.TCSANOW)  # as a prompt does
        assert os.read(sys.stdin.fileno(), 100) == b"typed ahead\x04\n"
    os.set_blocking(keys, False)
    with pytest.raises(BlockingIOError):
        os.read(keys, 100)  # nothing was echoed


def test_the_keyboard_is_given_back_as_it_was(keys: int) -> None:
    with pytest.raises(KeyError), quiet_keyboard():
        raise KeyError
    os.write(keys, b"a line\n\x04")
    assert sys.stdin.readline() == "a line\n"
    assert sys.stdin.readline() == ""


def test_an_input_that_is_no_terminal_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with quiet_keyboard():
            assert sys.stdin.readline() == ""
