"""How well a categorizer agrees with annotated questions. NumPy alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from millrace.category.categorizer import Categorizer
from millrace.category.dataset import Question
from millrace.category.labels import CATEGORIES
from millrace.text import evaluation
from millrace.text.evaluation import Marks

Confusion = NDArray[np.int64]
"""How many questions: the label that holds per row, the estimate per column."""


def confusion(categorizer: Categorizer, questions: Sequence[Question]) -> Confusion:
    """What the categorizer says of the questions."""
    table = np.zeros((len(CATEGORIES), len(CATEGORIES)), np.int64)
    for question in questions:
        said = categorizer.estimate(question.text).category
        table[CATEGORIES.index(question.label), CATEGORIES.index(said)] += 1
    return table


def figures(table: Confusion) -> dict[str, float]:
    """Macro-F1 with its 95 % interval, accuracy, and F1 by category; rounded to four digits."""
    said, truth = _marks(table)
    low, high = evaluation.interval(said, truth)
    result = {
        "macro_f1": evaluation.macro_f1(said, truth),
        "macro_f1_low": low,
        "macro_f1_high": high,
        "accuracy": float(np.trace(table) / table.sum()),
    }
    by_category = zip(CATEGORIES, evaluation.f1_per_class(said, truth).tolist(), strict=True)
    result |= {f"f1_{category}": value for category, value in by_category}
    return {name: round(value, 4) for name, value in result.items()}


def _marks(table: Confusion) -> tuple[Marks, Marks]:
    truth, said = (np.repeat(places.ravel(), table.ravel()) for places in np.indices(table.shape))
    one = np.eye(len(CATEGORIES), dtype=np.uint8)
    return one[said], one[truth]
