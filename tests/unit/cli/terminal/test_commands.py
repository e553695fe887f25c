import pytest

from millrace.cli.terminal.commands import NAMES, Command, Unknown, parse


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("What is a turn?", "What is a turn?"),
        ("  padded  ", "padded"),
        ("", ""),
        (" /etc/hosts is what?", "/etc/hosts is what?"),
        ("/open  2 ", Command("/open", "2")),
        ("/model openai/gpt-4 ", Command("/model", "openai/gpt-4")),
        ("/q", Command("/quit")),
        ("/ret", Command("/retry")),
    ],
)
def test_lines_are_commands_or_questions(line: str, meant: object) -> None:
    assert parse(line) == meant


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_its_own_name(name: str) -> None:
    assert parse(name) == Command(name)


def test_what_is_no_command_says_what_to_do() -> None:
    unknown = parse("/etc/hosts")
    assert isinstance(unknown, Unknown)
    assert "/help" in unknown.hint
    assert "blank" in unknown.hint
    several = parse("/mod")
    assert several == Unknown("/mod may be /models or /model.")
