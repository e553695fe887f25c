"""A body of any wire, read whole and however its bytes may be cut: all must give the same."""

import itertools
from collections.abc import Callable, Sequence
from random import Random

from tests.unit.providers.chunks import Answer, identity

from millrace.model.errors import MillraceError
from millrace.model.generation import Finished, ReasoningPiece, TextPiece
from millrace.providers.http_provider import AnswerBody

MakeBody = Callable[[], AnswerBody]


def read(make: MakeBody, pieces: Sequence[bytes], cause: str = "") -> Answer:
    """What a body says that comes in these pieces."""
    body = make()
    deltas = [delta for piece in pieces for delta in body.feed(piece)]
    deltas += body.close(cause)
    assert body.done
    return Answer(deltas, body.failure)


def sizes(stream: bytes, size: int) -> list[bytes]:
    """The stream in pieces of one size."""
    return [stream[place : place + size] for place in range(0, len(stream), size)]


def at_random(stream: bytes, random: Random) -> list[bytes]:
    """The stream in pieces of random sizes."""
    places = sorted({0, len(stream), *(random.randrange(len(stream) + 1) for _ in range(9))})
    return [stream[begin:end] for begin, end in itertools.pairwise(places)]


def every_way(make: MakeBody, *events: bytes) -> Answer:
    """Read a body whole, after checking that byte by byte, in 7s and at random cuts it gives the same."""
    stream = b"".join(events)
    whole = read(make, [stream])
    random = Random(len(stream))
    for pieces in (sizes(stream, 1), sizes(stream, 7), events, *(at_random(stream, random) for _ in range(20))):
        assert identity(read(make, pieces)) == identity(whole)
    assert all(piece.text for piece in whole.deltas if isinstance(piece, TextPiece | ReasoningPiece))
    finished = [delta for delta in whole.deltas if isinstance(delta, Finished)]
    assert (len(finished) == 1) != (whole.failure is not None)
    assert not finished or whole.deltas[-1] is finished[0]
    return whole


def ok(make: MakeBody, *events: bytes) -> Answer:
    """A body that must be whole."""
    answer = every_way(make, *events)
    assert answer.failure is None
    return answer


def failed(make: MakeBody, kind: type[MillraceError], *events: bytes) -> Answer:
    """A body that must fail in this way."""
    answer = every_way(make, *events)
    assert type(answer.failure) is kind
    return answer
