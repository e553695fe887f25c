"""What may be typed besides questions. Pure."""

from msgspec import Struct

HELP = (
    ("/new", "begin a new conversation"),
    ("/sessions", "list the conversations"),
    ("/open N", "open conversation N of that list, or the one with this id"),
    ("/models", "list the models"),
    ("/model NAME", "ask this model from now on; without a name, say which one is asked"),
    ("/thinking", "show the model's reasoning, or no longer"),
    ("/steps", "show how the last answer came about: its steps, and how long it was thought about"),
    ("/retry", "have the last question answered again"),
    ("/help", "show this"),
    ("/quit", "leave; so does Ctrl-D"),
)
NAMES = tuple(line.split()[0] for line, _ in HELP)
_SHORT = {"/exit": "/quit", "/q": "/quit", "/?": "/help"}


class Command(Struct, frozen=True):
    """A command; `name` is one of `NAMES`, `argument` what follows it."""

    name: str
    argument: str = ""


class Unknown(Struct, frozen=True):
    """What looks like a command and is none; `hint` says what to do."""

    hint: str


def parse(line: str) -> Command | Unknown | str:
    """A command, or the question that a line is. A line that begins with a blank is always a question."""
    if not line.startswith("/"):
        return line.strip()
    word, _, argument = line.strip().partition(" ")
    name = _SHORT.get(word, word)
    fitting = [name] if name in NAMES else [each for each in NAMES if each.startswith(name) and len(name) > 1]
    if len(fitting) == 1:
        return Command(fitting[0], argument.strip())
    if fitting:
        return Unknown(f"{word} may be {' or '.join(fitting)}.")
    return Unknown(f"There is no command {word}. /help lists all; to ask this as it is, begin with a blank.")
