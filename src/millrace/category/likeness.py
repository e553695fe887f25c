"""Which texts say nearly the same, so that none of a pair is learned from while the other is measured with. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

SAME_PIECES = 0.5
"""From which share of common four-letter pieces (Jaccard) two texts are nearly the same."""
SAME_WORDS = 0.6
"""The same for the words that say what is asked."""

_PIECE = 4
_FILLER_WORDS = """
    a an the is are was were be do does did how what why when where which who i my me you your it its of to in on at
    for from and or vs with can could should would will s t im please pls explain mean means difference between this
    that there have has
"""
_FILLER = frozenset(_FILLER_WORDS.split())


def near_pairs(left: Sequence[str], right: Sequence[str], *, words: bool = True) -> Iterator[tuple[int, int]]:
    """The places of texts in `left` and `right` that are nearly the same; by their pieces alone without `words`."""
    pieces = [_pieces(text) for text in right]
    content = [_content(text) for text in right]
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, found in enumerate(pieces):
        for piece in found | {f"word {word}" for word in content[place]}:
            places[piece].append(place)
    for at, text in enumerate(left):
        mine, my_words = _pieces(text), _content(text)
        common = Counter(place for piece in mine for place in places[piece])
        shared = Counter(place for word in my_words for place in places[f"word {word}"]) if words else Counter()
        for place in common.keys() | shared.keys():
            if common[place] >= SAME_PIECES * len(mine | pieces[place]) or (
                shared[place] and shared[place] >= SAME_WORDS * len(my_words | content[place])
            ):
                yield at, place


def _plain(text: str) -> str:
    return " " + re.sub(r"[\W_]+", " ", text.lower()).strip() + " "


def _pieces(text: str) -> frozenset[str]:
    plain = _plain(text)
    if not plain.strip():
        return frozenset({text})
    return frozenset(plain[start : start + _PIECE] for start in range(max(1, len(plain) - _PIECE + 1)))


def _content(text: str) -> frozenset[str]:
    return frozenset(_plain(text).split()) - _FILLER
