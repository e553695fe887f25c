"""Takes away what a model says again when it is asked to go on with a text. Pure.

A model that cannot be prefilled is asked to repeat the last words (the anchor) and to continue. What it does: it
repeats them, or a few more or fewer, or it begins the whole answer again, or it just goes on. Whatever stands at the
beginning of its text and at the end of the text so far is a repetition and is left out; all else is passed on at once.
Runs of white space count as equal here, because models do not repeat them faithfully.
"""

from collections.abc import Iterator

_CERTAIN = 12
"""From so many characters up (white space left out), what stands twice is no coincidence."""
_VARIED = 3
"""How many different characters it takes that fewer are a repetition, and no mere row of dashes."""


class OverlapTrimmer:
    """Reads a continuation piece by piece, however it is cut.

    Nothing is held back longer than it may still be a repetition: mostly that is the first word or two.

    Args:
        said: The text so far.
        anchor: Its last words as the model was asked to repeat them.
    """

    def __init__(self, said: str, anchor: str = "") -> None:
        self.removed = 0
        """How many characters of the continuation were left out so far."""
        self._said = said
        self._core = _squeezed(said)
        self._anchor = len(_squeezed(anchor))
        self._gap = said[len(said.rstrip()) :]
        self._held = ""
        self._read = 0  # characters of the continuation that were compared, white space left out
        self._starts: list[int] | None = None  # where in the core a repetition may have begun that goes on
        self._repeated: list[int] = []  # lengths of whole repetitions, without white space
        self._spacing = ""  # white space after a repetition, until it is known what follows
        self._decided = False

    def feed(self, text: str) -> str:
        """Take the next piece; return what can be passed on."""
        if self._decided:
            return self._after_gap(text) if self._gap else text
        self._held += text
        self._compare(_squeezed(text))
        return self._decision(final=False)

    def finish(self) -> str:
        """The continuation is over; return what was still held back."""
        if not self._decided:
            return self._decision(final=True) + self._last_spacing()
        return self._last_spacing()

    def _compare(self, piece: str) -> None:
        if not piece:
            return
        starts = _all_places(self._core, piece[0]) if self._starts is None else self._starts
        going: list[int] = []
        for start in starts:
            at = start + self._read
            left = len(self._core) - at
            if not self._core.startswith(piece[:left], at):
                continue
            if left <= len(piece):
                self._repeated.append(len(self._core) - start)
            else:
                going.append(start)
        self._starts = going
        self._read += len(piece)

    def _decision(self, *, final: bool) -> str:
        if self._anchor and self._anchor in self._repeated:
            return self._leave_out(self._anchor)
        if not final and (self._starts is None or self._starts or self._ends_with_a_short_one()):
            return ""  # nothing came yet, it is still a repetition, or what follows says whether it is one
        best = max((length for length in self._repeated if self._is_repetition(length)), default=0)
        return self._leave_out(best)

    def _ends_with_a_short_one(self) -> bool:
        return self._read in self._repeated and self._read < _CERTAIN and not _rest_of(self._held, self._read)

    def _is_repetition(self, length: int) -> bool:
        """Whether so many characters are said again, rather than alike by chance."""
        if length >= _CERTAIN or length == self._anchor:
            return True
        core = self._core[len(self._core) - length :]
        varied = len(set(core)) >= _VARIED
        end = _end_of(self._held, length)
        if core[-1].isalnum() and self._held[end : end + 1].isalnum():
            return varied and length > _VARIED + 1  # "be" and "better" begin alike
        begin = len(self._said) - _end_of(self._said[::-1], length)
        within_word = self._said[begin].isalnum() and self._said[:begin][-1:].isalnum()
        if within_word and self._held[:1].isspace():
            return False
        return (varied and length > _VARIED) or sum(map(str.isalpha, core)) > within_word + 1

    def _leave_out(self, length: int) -> str:
        self._decided = True
        held, self._held = self._held, ""
        if not length:
            self._gap = ""
            return held
        end = _end_of(held, length)
        self.removed += end
        rest = held[end:]
        return self._after_gap(rest) if self._gap else rest

    def _after_gap(self, text: str) -> str:
        """The text ended with white space: what comes of it here again is left out."""
        self._spacing += text
        rest = self._spacing.lstrip()
        if not rest:
            return ""
        spacing, self._spacing = self._spacing[: len(self._spacing) - len(rest)], ""
        kept = spacing[len(self._gap) :] if spacing.startswith(self._gap) else ""
        self.removed += len(spacing) - len(kept)
        self._gap = ""
        return kept + rest

    def _last_spacing(self) -> str:
        spacing, self._spacing = self._spacing, ""
        kept = spacing[len(self._gap) :] if self._gap and spacing.startswith(self._gap) else ""
        self.removed += len(spacing) - len(kept)
        return kept


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _all_places(text: str, character: str) -> list[int]:
    return list(_places(text, character))


def _places(text: str, character: str) -> Iterator[int]:
    at = text.find(character)
    while at >= 0:
        yield at
        at = text.find(character, at + 1)


def _rest_of(text: str, count: int) -> str:
    return text[_end_of(text, count) :]


def _end_of(text: str, count: int) -> int:
    """The index behind the `count`-th character of `text` that is not white space."""
    for index, character in enumerate(text):
        if not character.isspace():
            count -= 1
            if count == 0:
                return index + 1
    return len(text)
