"""How well predictions agree with a labelled set. NumPy alone."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from millrace.text.linear import Floats

Marks = NDArray[np.uint8]
"""One text per row, one class per column: 1 or 0."""


def f1_per_class(said: Marks, truth: Marks) -> NDArray[np.float64]:
    """F1 of each class; 0 where a class is neither there nor predicted."""
    hits = (said & truth).sum(axis=0)
    result: NDArray[np.float64] = 2 * hits / np.maximum(said.sum(axis=0) + truth.sum(axis=0), 1)
    return result


def macro_f1(said: Marks, truth: Marks) -> float:
    """The mean of the classes' F1, each counting the same however rare it is."""
    return float(f1_per_class(said, truth).mean())


def interval(said: Marks, truth: Marks, *, rounds: int = 400, seed: int = 7) -> tuple[float, float]:
    """The 95 % interval of macro-F1 by bootstrap: texts drawn again, with replacement."""
    random = np.random.default_rng(seed)
    values = []
    for _ in range(rounds):
        drawn = random.integers(0, len(truth), len(truth))
        values.append(macro_f1(said[drawn], truth[drawn]))
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def grouped(probabilities: Floats, labels: Sequence[str], groups: Mapping[str, Sequence[str]]) -> Floats:
    """The probability of each group, by noisy-or: that at least one of its labels holds, were they independent."""
    columns = [[labels.index(label) for label in members] for members in groups.values()]
    result: Floats = np.stack([1.0 - np.prod(1.0 - probabilities[:, column], axis=1) for column in columns], axis=1)
    return result


def grouped_truth(truth: Marks, labels: Sequence[str], groups: Mapping[str, Sequence[str]]) -> Marks:
    """Which groups a text belongs to: those of its labels."""
    columns = [[labels.index(label) for label in members] for members in groups.values()]
    return np.stack([truth[:, column].max(axis=1) for column in columns], axis=1)
