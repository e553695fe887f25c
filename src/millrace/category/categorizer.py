"""Says what a question is about, in well under a millisecond, with the model that ships with the package."""

from pathlib import Path
from typing import Self, cast

from msgspec import Struct

from millrace.category.labels import CATEGORIES, OTHER, Category
from millrace.category.reading import written_out
from millrace.text.linear import LinearModel

SHIPPED_MODEL = Path(__file__).with_name("category.model")


class CategoryEstimate(Struct, frozen=True):
    """What a question seems to be about.

    Attributes:
        category: The likeliest category.
        confidence: How likely it is, 0.0 to 1.0, by calibrated probabilities that are scaled to add up to 1.
    """

    category: Category
    confidence: float


NOTHING = CategoryEstimate(OTHER, 0.0)
"""What is said of a text without anything to read in it."""


class Categorizer:
    """Estimates categories. Threads may share it."""

    def __init__(self, model: LinearModel) -> None:
        """Take a model.

        Raises:
            ValueError: Its classes are not the categories.
        """
        if model.labels != CATEGORIES:
            raise ValueError(
                "This model does not estimate categories. Install Millrace again, or train the model again."
            )
        self.model = model

    @classmethod
    def load(cls, path: Path = SHIPPED_MODEL) -> Self:
        """Read a model from its file.

        Raises:
            OSError: It cannot be read.
            ValueError: It is no such file, or damaged.
        """
        return cls(LinearModel.from_bytes(path.read_bytes()))

    def category_of(self, text: str) -> str:
        """The likeliest category of a question (the port `CategoryEstimator`)."""
        return self.estimate(text).category

    def estimate(self, text: str) -> CategoryEstimate:
        """The category of a question, by itself: what was said before it does not count.

        Never fails for what a text holds; of long texts the beginning counts.
        """
        if not text.strip():
            return NOTHING
        probabilities = self.model.probabilities(written_out(text))
        best = int(probabilities.argmax())
        confidence = float(probabilities[best] / probabilities.sum())
        return CategoryEstimate(cast(Category, self.model.labels[best]), confidence)
