import numpy as np
import pytest

from millrace.category.labels import CATEGORIES
from millrace.category.measure import figures


def test_figures_of_a_perfect_table() -> None:
    perfect = figures(np.diag(np.full(len(CATEGORIES), 50)))
    assert perfect["macro_f1"] == perfect["accuracy"] == perfect["macro_f1_low"] == 1.0


def test_figures_of_a_table_with_one_kind_of_mistake() -> None:
    table = np.diag(np.full(len(CATEGORIES), 10))
    table[0, 0], table[0, 1] = 5, 5  # half of the first category is taken for the second
    found = figures(table)
    assert found["accuracy"] == pytest.approx(75 / 80, abs=1e-4)
    assert found[f"f1_{CATEGORIES[0]}"] == pytest.approx(2 * 5 / (10 + 5), abs=1e-4)
    assert found[f"f1_{CATEGORIES[1]}"] == pytest.approx(2 * 10 / (10 + 15), abs=1e-4)
    assert found["macro_f1_low"] < found["macro_f1"] < found["macro_f1_high"]
