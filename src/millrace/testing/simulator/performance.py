"""The performance of a script: which bytes go out when, and what goes wrong. Pure; the pacer plays it to a socket.

Every step has its time counted from the request, never from the step before, so a late step does not delay the rest.
"""

import enum
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final, NamedTuple

from millrace.testing.simulator.behaviour import Behaviour, Fault
from millrace.testing.simulator.faults import STREAM_ERROR
from millrace.testing.simulator.script import Script
from millrace.testing.simulator.text import Token, make_token
from millrace.testing.simulator.wires.base import Encoder

RESET_DELAY: Final = 0.01
"""Seconds between the last bytes and a reset, so that the client's kernel has the bytes before it sees the reset."""

_ENDLESS_PIECE: Final = b"mill" * 16_384
_ENDLESS_INTERVAL: Final = 0.005
_HUGE_PIECES: Final = 1024
"""Pieces of a huge event, which are 64 MiB in all."""
_PLACE: Final = "the-rest-of-a-huge-event"
_HTML: Final = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>Please log in.</body></html>\n"
_RANDOM_CUT: Final = 40


class Then(enum.Enum):
    """What follows a step: the next one; the end of a whole or of an unfinished body; a reset; nothing, ever."""

    NEXT = enum.auto()
    FINISH = enum.auto()
    CLOSE = enum.auto()
    RESET = enum.auto()
    HOLD = enum.auto()


class Step(NamedTuple):
    """One write.

    Attributes:
        at: When, in seconds from the request.
        data: Bytes of the body, possibly none.
        tokens: How many tokens the answer has gained with this write.
        then: What follows.
        stamped: Whether the data has places for the time of its sending.
    """

    at: float
    data: bytes
    tokens: int = 0
    then: Then = Then.NEXT
    stamped: bool = False


def perform(script: Script, behaviour: Behaviour, encoder: Encoder, *, stream: bool) -> Iterator[Step]:
    """The steps of an answer's body; the last one's ``then`` is never ``NEXT``."""
    steps = _streamed(script, behaviour, encoder) if stream else _whole(script, behaviour, encoder)
    return steps if behaviour.split is None else _split(steps, behaviour)


def body_type(behaviour: Behaviour, regular: str) -> str:
    """Content type of the body: ``regular``, unless a proxy's page comes instead of it."""
    return "text/html; charset=utf-8" if behaviour.fault is Fault.HTML else regular


def _streamed(script: Script, behaviour: Behaviour, encoder: Encoder) -> Iterator[Step]:
    first = behaviour.ttft_ms / 1000
    match behaviour.fault:
        case Fault.HANG | Fault.HANG_FIRST:
            yield Step(0.0, b"", then=Then.HOLD)
            return
        case Fault.HTML | Fault.EMPTY:
            yield Step(first, _HTML if behaviour.fault is Fault.HTML else b"", then=Then.FINISH)
            return
        case None | Fault.CONTENT_FILTER:
            yield from _tokens(script, behaviour, encoder, 0, script.length)
            yield Step(_time(behaviour, script.length - 1), encoder.finish(script.finish), then=Then.FINISH)
            return
    broken_at = min(script.length, script.length // 2 if behaviour.after is None else behaviour.after)
    yield from _tokens(script, behaviour, encoder, 0, broken_at)
    yield from _fault(script, behaviour, encoder, broken_at)


def _fault(script: Script, behaviour: Behaviour, encoder: Encoder, sent: int) -> Iterator[Step]:
    now = _time(behaviour, sent - 1)
    match behaviour.fault:
        case Fault.CUT:
            yield Step(now + RESET_DELAY, b"", then=Then.RESET)
        case Fault.TRUNCATE:
            yield Step(now, b"", then=Then.CLOSE)
        case Fault.ERROR_EVENT:
            yield Step(now, encoder.error(STREAM_ERROR), then=Then.CLOSE)
        case Fault.ENDLESS_LINE:
            yield Step(now, encoder.open_line())
            count = 0
            while True:
                yield Step(now + count * _ENDLESS_INTERVAL, _ENDLESS_PIECE)
                count += 1
        case Fault.HUGE_EVENT:
            before, _, after = encoder.text([make_token(_PLACE)]).partition(_PLACE.encode())
            yield Step(now, before)
            for _ in range(_HUGE_PIECES):
                yield Step(now, _ENDLESS_PIECE)
            yield Step(now, after)
            yield from _rest(script, behaviour, encoder, sent)
        case Fault.MALFORMED | Fault.BAD_UTF8:
            broken = behaviour.fault is Fault.MALFORMED
            yield Step(now, encoder.malformed() if broken else encoder.bad_utf8())
            yield from _rest(script, behaviour, encoder, sent)
        case Fault.STALL if behaviour.stall_ms is not None:
            yield from _rest(script, behaviour, encoder, sent, behaviour.stall_ms / 1000)
        case _:
            yield Step(now, b"", then=Then.HOLD)


def _rest(script: Script, behaviour: Behaviour, encoder: Encoder, sent: int, delay: float = 0.0) -> Iterator[Step]:
    for step in _tokens(script, behaviour, encoder, sent, script.length):
        yield step._replace(at=step.at + delay)
    yield Step(_time(behaviour, script.length - 1) + delay, encoder.finish(script.finish), then=Then.FINISH)


def _tokens(script: Script, behaviour: Behaviour, encoder: Encoder, begin: int, end: int) -> Iterator[Step]:
    """The tokens from ``begin`` to ``end`` (excluded); the opening goes out with the first, or alone."""
    opening = encoder.start() if begin == 0 else b""
    if begin >= end and opening:
        yield Step(_time(behaviour, 0), opening)
    for index in range(begin, end, behaviour.chunk):
        stop = min(index + behaviour.chunk, end)
        data = opening + _encode(script, encoder, index, stop)
        opening = b""
        yield Step(_time(behaviour, index), data, stop - index, stamped=behaviour.stamped)


def _encode(script: Script, encoder: Encoder, begin: int, end: int) -> bytes:
    border = len(script.reasoning)
    if begin >= border:
        return encoder.text(script.text[begin - border : end - border])
    data = encoder.reasoning_start() if begin == 0 else b""
    data += encoder.reasoning(script.reasoning[begin:end])
    if end >= border:
        data += encoder.reasoning_end()
    text: list[Token] = script.text[: max(0, end - border)]
    return data + encoder.text(text) if text else data


def _time(behaviour: Behaviour, index: int) -> float:
    """When token ``index`` goes out; what follows the last token goes out with it, and never before the first."""
    return (behaviour.ttft_ms + max(0, index) * behaviour.interval_ms) / 1000


def _whole(script: Script, behaviour: Behaviour, encoder: Encoder) -> Iterator[Step]:
    at = _time(behaviour, script.length - 1)
    body = encoder.whole(script)
    half = len(body) // 2
    match behaviour.fault:
        case Fault.HANG | Fault.HANG_FIRST:
            yield Step(0.0, b"", then=Then.HOLD)
        case Fault.STALL if behaviour.stall_ms is not None:
            yield Step(at, body[:half])
            yield Step(at + behaviour.stall_ms / 1000, body[half:], script.length, Then.FINISH)
        case Fault.STALL:
            yield Step(at, body[:half], then=Then.HOLD)
        case Fault.CUT:
            yield Step(at, body[:half])
            yield Step(at + RESET_DELAY, b"", then=Then.RESET)
        case Fault.TRUNCATE | Fault.MALFORMED:
            yield Step(at, body[:half], then=Then.CLOSE)
        case Fault.HTML | Fault.EMPTY:
            yield Step(at, _HTML if behaviour.fault is Fault.HTML else b"", then=Then.FINISH)
        case Fault.BAD_UTF8:
            yield Step(at, b'{"\xff\xfe":0,' + body[1:], script.length, Then.FINISH)
        case Fault.ENDLESS_LINE | Fault.HUGE_EVENT:
            yield Step(at, body[:1])
            endless = behaviour.fault is Fault.ENDLESS_LINE
            for count in range(2**62 if endless else _HUGE_PIECES):
                yield Step(at + (count * _ENDLESS_INTERVAL if endless else 0.0), b" " * len(_ENDLESS_PIECE))
            yield Step(at, body[1:], script.length, Then.FINISH)
        case _:
            yield Step(at, body, script.length, Then.FINISH, behaviour.stamped)


def _split(steps: Iterable[Step], behaviour: Behaviour) -> Iterator[Step]:
    """Cut every write into pieces; the tokens and what follows belong to the last piece."""
    random = Random(behaviour.seed)  # noqa: S311 - repeatable on purpose, no secret
    for step in steps:
        begin, end = 0, _size(behaviour, random)
        while end < len(step.data):
            yield Step(step.at, step.data[begin:end])
            begin, end = end, end + _size(behaviour, random)
        yield step._replace(data=step.data[begin:])


def _size(behaviour: Behaviour, random: Random) -> int:
    return behaviour.split if isinstance(behaviour.split, int) else 1 + int(random.random() * _RANDOM_CUT)
