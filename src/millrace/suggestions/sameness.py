"""Whether a question was asked before, in these words or nearly. Pure; knows no language's grammar."""

from collections.abc import Iterable

from millrace.text.words import STOP_WORDS, words

_SAME_WORDS = 0.7
_SAME_PIECES = 0.65
_PIECE = 3
_COMPARED_CHARS = 300
_COMPARED_QUESTIONS = 50


class Asked:
    """What was asked so far. Of many questions the last ones count."""

    def __init__(self, questions: Iterable[str] = ()) -> None:
        self._known = [_Traits(question) for question in list(questions)[-_COMPARED_QUESTIONS:]]

    def adds(self, question: str) -> bool:
        """Whether the question is a new one, which then counts as asked."""
        traits = _Traits(question)
        if any(traits.same(known) for known in self._known):
            return False
        self._known.append(traits)
        return True


class _Traits:
    def __init__(self, text: str) -> None:
        all_words = words(text[:_COMPARED_CHARS])
        plain = " ".join(all_words)
        self._words = frozenset(word for word in all_words if word not in STOP_WORDS) or frozenset(all_words)
        self._pieces = frozenset(plain[start : start + _PIECE] for start in range(max(1, len(plain) - _PIECE + 1)))

    def same(self, other: "_Traits") -> bool:
        return _common(self._words, other._words) >= _SAME_WORDS or _common(self._pieces, other._pieces) >= _SAME_PIECES


def _common(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / max(1, len(left | right))
