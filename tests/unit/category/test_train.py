import numpy as np

from millrace.category import dataset
from millrace.category.categorizer import Categorizer
from millrace.category.train import OPTIONS, fitted, train
from millrace.text.fitting import FitOptions

SMALL = FitOptions(kept=2_000, word_min_df=1, char_min_df=2, c=20.0)


def test_the_data_that_ships_gives_the_weights_that_ship() -> None:
    arrays = fitted(dataset.questions("train"), dataset.vocabulary(), OPTIONS).arrays
    shipped = Categorizer.load().model.arrays
    assert np.array_equal(arrays.hashes, shipped.hashes)
    assert np.abs(arrays.weights.astype(int) - shipped.weights.astype(int)).max() <= 1


def test_training_is_reproducible_and_calibrated() -> None:
    questions = dataset.questions("train")[::8]
    said: list[str] = []
    first = train(questions, (), said.append, SMALL)
    assert first.to_bytes() == train(questions, (), said.append, SMALL).to_bytes()
    assert all(slope > 0 for slope in first.header.slopes)
    assert first.header.slopes != (1.0,) * 8
    assert said[-1] == "fold 4 of 4"
