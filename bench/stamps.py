"""Tokens that carry their own emission time.

The simulator's behaviour `stamped` makes token number `i` the text `i:t ` where `t` is its monotonic clock in
microseconds at the moment it wrote the token. On Linux that clock is the same for all processes of a machine, so the
receiver needs no schedule: receipt minus stamp is the token's age, however late the feed itself was. The number proves
that no token is missing, doubled or out of order, also where a server merged several into one frame.
"""

from collections.abc import Iterable, Iterator, Sequence


def parse(text: str) -> Iterator[tuple[int, int]]:
    """Yield (index, emission time in microseconds) of each token in `text`.

    Raises:
        ValueError: the text is not made of stamps.
    """
    for stamp in text.split():
        index, _, emitted = stamp.partition(":")
        yield int(index), int(emitted)


def complete(pieces: Iterable[str], tokens: int, full_message: str | None) -> bool:
    """Say whether `pieces` are the tokens from 0 on, each once and in order, and `full_message` is their text."""
    text = "".join(pieces)
    try:
        indices = [index for index, _ in parse(text)]
    except ValueError:
        return False
    return indices == list(range(tokens)) and text == full_message


def ages_ms(pieces: Sequence[str], received_ns: Sequence[int]) -> Iterator[float]:
    """Yield the age at receipt of each token, in milliseconds; a merged piece yields one age per token."""
    for piece, received in zip(pieces, received_ns, strict=True):
        for _, emitted_us in parse(piece):
            yield received / 1e6 - emitted_us / 1e3
