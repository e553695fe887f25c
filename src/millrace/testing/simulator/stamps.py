"""Tokens that say when they were sent, for measuring what lies between the simulator and a reader. Pure.

Token number `i` is the text ``i:t `` where `t` is the simulator's monotonic clock, in microseconds, at the write that
sent it: 16 digits. On Linux that clock is one for all processes of a machine, so the reader's clock minus the stamp is
the token's age, however late the simulator itself was; and the numbers show whether a token is missing, doubled or out
of order. Marks hold the place of the time until the very write.
"""

from typing import Final

_DIGITS: Final = 16
_PLACE: Final = "#" * _DIGITS
_PLACE_BYTES: Final = _PLACE.encode()


def open_stamp(index: int) -> str:
    """The text of token ``index`` before its time is known."""
    return f"{index}:{_PLACE} "


def set_time(data: bytes, now_ns: int) -> bytes:
    """The same bytes with the time in the place of every stamp; the length stays.

    Args:
        data: Whole tokens on any wire.
        now_ns: The monotonic clock, in nanoseconds.
    """
    return data.replace(_PLACE_BYTES, b"%0*d" % (_DIGITS, now_ns // 1000))
