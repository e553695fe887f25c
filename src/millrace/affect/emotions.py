"""Estimates the emotions in a text, in well under a millisecond, with the model that ships with the package."""

from pathlib import Path
from typing import Protocol, Self

from msgspec import Struct

from millrace.affect.labels import NEUTRAL
from millrace.text.features import NAME, NEGATED, Reading
from millrace.text.linear import LinearModel

SHIPPED_MODEL = Path(__file__).with_name("emotions.model")

_ENGLISH_SHARE = 0.6
_MARKS = frozenset("!?")


class Emotions(Struct, frozen=True):
    """What a text seems to express.

    Attributes:
        primary: The likeliest of the emotions that reach their threshold; `neutral` where none does.
        probabilities: Calibrated, by label, 0.0 to 1.0; several may be high at once.
    """

    primary: str
    probabilities: dict[str, float]


NOTHING = Emotions(NEUTRAL, {NEUTRAL: 1.0})
"""What is said of a text that cannot be judged: empty, without words, or in another language than the model's."""


class EmotionClassifier(Protocol):
    """Estimates emotions: `LinearEmotions` here, or a transformer (`millrace.affect.onnx`)."""

    def estimate(self, text: str) -> Emotions:
        """The emotions in a text. Never fails for what a text holds."""


class LinearEmotions:
    """The default classifier. Threads may share it."""

    def __init__(self, model: LinearModel) -> None:
        self.model = model

    @classmethod
    def load(cls, path: Path = SHIPPED_MODEL) -> Self:
        """Read a model from its file.

        Raises:
            OSError: It cannot be read.
            ValueError: It is no such file, or damaged.
        """
        return cls(LinearModel.from_bytes(path.read_bytes()))

    def estimate(self, text: str) -> Emotions:
        """The emotions in a text; `NOTHING` where it is empty or not English. Never fails for what a text holds."""
        reading = self.model.read(text)
        if not self._judgeable(reading):
            return NOTHING
        probabilities = self.model.calibrated(self.model.logits_of(reading))
        by_label = dict(zip(self.model.labels, probabilities.tolist(), strict=True))
        reached = [
            label
            for label, there in zip(self.model.labels, self.model.predicted(probabilities).tolist(), strict=True)
            if there
        ]
        return Emotions(max(reached, key=by_label.__getitem__, default=NEUTRAL), by_label)

    def _judgeable(self, reading: Reading) -> bool:
        """Whether enough words are English; where there are none, whether the model knows a mark, as an emoji."""
        words = [token for token in reading.tokens if token.removeprefix(NEGATED)[0].isalpha()]
        if not words:
            return any(_expressive(token) and self.model.weighs(token) for token in reading.tokens)
        known = sum(self.model.knows_word(word.removeprefix(NEGATED)) for word in words)
        return known >= _ENGLISH_SHARE * len(words)


def _expressive(token: str) -> bool:
    """Whether a token without letters can show a feeling: an emoji, an emoticon, `!` or `?`; not `+`."""
    return not token[0].isalnum() and token[0] != NAME[0] and (not token.isascii() or len(token) > 1 or token in _MARKS)
