"""Fitting on a set that is made here: small, separable, with a validation part of its own."""

import random

import numpy as np
import pytest

from millrace.text.features import FeatureSpec
from millrace.text.fitting import FitOptions, Targets, best_thresholds, calibrate, fit, logits_of
from millrace.text.linear import LinearModel

LABELS = ("glad", "cross")
GLAD = ("happy", "delighted", "wonderful", "lovely", "sunny")
CROSS = ("furious", "annoyed", "dreadful", "hateful", "grumpy")
FILLING = ["the", "a", "it", "was", "really", "day", "we", "had", "there", "with", "some", "of", "them", "and", "then"]


def corpus(seed: int, size: int) -> tuple[list[str], Targets]:
    chance = random.Random(seed)
    texts, targets = [], np.zeros((size, 2), np.uint8)
    for row in range(size):
        words = chance.choices(FILLING, k=6)
        for column, group in enumerate((GLAD, CROSS)):
            if chance.random() < 0.4:
                words.insert(chance.randrange(6), chance.choice(group))
                targets[row, column] = 1
        texts.append(" ".join(words))
    return texts, targets


@pytest.fixture(scope="module")
def fitted() -> LinearModel:
    texts, targets = corpus(1, 300)
    return calibrate(fit(texts, targets, LABELS, FeatureSpec(), FitOptions(kept=300)), *corpus(2, 200))


def test_what_is_fitted_predicts_what_it_has_not_seen(fitted: LinearModel) -> None:
    texts, targets = corpus(3, 200)
    said = fitted.predicted(fitted.calibrated(logits_of(fitted, texts)))
    assert (said == targets).mean() > 0.97


def test_it_keeps_the_features_that_matter(fitted: LinearModel) -> None:
    assert sum(fitted.header.rows) == 300
    assert fitted.weighs("happy")
    assert fitted.weighs("furious")
    assert fitted.knows_word("happy")


def test_the_same_texts_give_the_same_bytes(fitted: LinearModel) -> None:
    texts, targets = corpus(1, 300)
    again = calibrate(fit(texts, targets, LABELS, FeatureSpec(), FitOptions(kept=300)), *corpus(2, 200))
    assert again.to_bytes() == fitted.to_bytes()


def test_no_word_is_in_the_file(fitted: LinearModel) -> None:
    data = fitted.to_bytes()
    assert not [word for word in (*GLAD, *CROSS) if word.encode() in data]


def test_probabilities_are_calibrated(fitted: LinearModel) -> None:
    texts, targets = corpus(4, 400)
    probabilities = fitted.calibrated(logits_of(fitted, texts))
    assert probabilities.mean(axis=0) == pytest.approx(targets.mean(axis=0), abs=0.06)


def test_a_threshold_separates_where_it_can() -> None:
    probabilities = np.array([[0.1], [0.2], [0.6], [0.7]], np.float32)
    (threshold,) = best_thresholds(probabilities, np.array([[0], [0], [1], [1]], np.uint8))
    assert 0.2 < threshold <= 0.6
