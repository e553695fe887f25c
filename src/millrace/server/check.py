"""What a look at one thing of a server's found."""

from typing import Literal

from msgspec import Struct

State = Literal["ok", "note", "problem"]


class Check(Struct, frozen=True):
    """What was looked at, what was found, and what to do about it."""

    name: str
    state: State
    finding: str
    remedy: str = ""
