import numpy as np
import pytest

from millrace.text.evaluation import f1_per_class, grouped, grouped_truth, interval, macro_f1

TRUTH = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], np.uint8)
SAID = np.array([[1, 0], [0, 0], [0, 1], [1, 0]], np.uint8)


def test_f1_by_hand() -> None:
    assert f1_per_class(SAID, TRUTH).tolist() == [0.5, 1.0]
    assert macro_f1(SAID, TRUTH) == 0.75
    assert macro_f1(np.zeros_like(TRUTH), TRUTH) == 0.0


def test_the_interval_holds_the_value() -> None:
    truth, said = np.tile(TRUTH, (50, 1)), np.tile(SAID, (50, 1))
    low, high = interval(said, truth)
    assert low < 0.75 < high
    assert high - low < 0.2


def test_groups_are_noisy_or() -> None:
    groups = {"either": ("a", "b"), "c": ("c",)}
    assert grouped(np.array([[0.5, 0.5, 0.25]], np.float32), "abc", groups)[0].tolist() == [0.75, 0.25]
    assert grouped_truth(np.array([[0, 1, 0]], np.uint8), "abc", groups).tolist() == [[1, 0]]
    assert pytest.approx(0.0) == grouped(np.zeros((1, 3), np.float32), "abc", groups).max()
