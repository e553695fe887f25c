"""Trains the category model that ships with the package: `python -m millrace.category.train`.

Needs scikit-learn (the dependency group `train`). The same data gives the same file, byte by byte, with the same
versions of NumPy and scikit-learn.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec import structs
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # it ships no types

from millrace.category import dataset
from millrace.category.categorizer import SHIPPED_MODEL, Categorizer
from millrace.category.dataset import Question
from millrace.category.labels import CATEGORIES, Category
from millrace.category.measure import confusion, figures
from millrace.category.reading import written_out
from millrace.text.features import FeatureSpec
from millrace.text.fitting import FitOptions, Targets, fit, logits_of
from millrace.text.linear import Floats, LinearModel

ATTRIBUTION = "Trained on questions and vocabulary written for Millrace. The file holds weights over hashed features."

SPEC = FeatureSpec(
    word_ngrams=2, char_min=3, char_max=5, drop_code=False, mask_names=False, mark_negation=False, shape=False
)
"""Code and names say what a question is about, so they stay. The shape of an entry of the vocabulary says nothing."""

OPTIONS = FitOptions(kept=24_000, word_min_df=1, char_min_df=2, c=20.0, tolerance=1e-3, max_iterations=200)
"""Chosen by cross-validation within the part that is learned from."""

_FOLDS = 4


def train(
    questions: Sequence[Question],
    vocabulary: Sequence[tuple[str, Category]],
    say: Callable[[str], None],
    options: FitOptions = OPTIONS,
) -> LinearModel:
    """Fit a model; set its calibration on what models of the other folds say of each fold, by groups.

    Args:
        questions: What to learn from.
        vocabulary: The same, in every fold.
        say: Is told what goes on.
        options: How to fit.
    """
    model = fitted(questions, vocabulary, options)
    say(f"{len(questions)} questions, {len(vocabulary)} entries of vocabulary, {sum(model.header.rows)} features")
    logits = np.zeros((len(questions), len(CATEGORIES)), np.float32)
    for fold in range(_FOLDS):
        held = np.array([question.group % _FOLDS == fold for question in questions])
        rest = [question for question, out in zip(questions, held, strict=True) if not out]
        texts = [written_out(question.text) for question, out in zip(questions, held, strict=True) if out]
        logits[held] = logits_of(fitted(rest, vocabulary, options), texts)
        say(f"fold {fold + 1} of {_FOLDS}")
    slopes, offsets = _platt(logits, _targets([question.label for question in questions]))
    header = structs.replace(model.header, slopes=slopes, offsets=offsets, attribution=ATTRIBUTION)
    return LinearModel(header, model.arrays)


def fitted(
    questions: Sequence[Question], vocabulary: Sequence[tuple[str, Category]], options: FitOptions
) -> LinearModel:
    """The uncalibrated model: one-vs-rest over questions and vocabulary, each entry like a question."""
    texts = [
        written_out(text) for text in (*(question.text for question in questions), *(term for term, _ in vocabulary))
    ]
    labels = [*(question.label for question in questions), *(label for _, label in vocabulary)]
    return fit(texts, _targets(labels), CATEGORIES, SPEC, options)


def _targets(labels: Sequence[Category]) -> Targets:
    one: NDArray[np.uint8] = np.eye(len(CATEGORIES), dtype=np.uint8)
    return one[[CATEGORIES.index(label) for label in labels]]


def _platt(logits: Floats, targets: Targets) -> tuple[tuple[float, ...], tuple[float, ...]]:
    fitted = [LogisticRegression(C=1e6).fit(logits[:, [at]], targets[:, at]) for at in range(targets.shape[1])]
    slopes = tuple(round(float(platt.coef_[0, 0]), 5) for platt in fitted)
    return slopes, tuple(round(float(platt.intercept_[0]), 5) for platt in fitted)


def measured(model: LinearModel, test: Sequence[Question], later: Sequence[Question]) -> LinearModel:
    """The same model with its figures on both parts that it was not trained on, by the code that runs in the server."""
    categorizer = Categorizer(model)
    found = figures(confusion(categorizer, test))
    found |= {f"later_{name}": value for name, value in figures(confusion(categorizer, later)).items()}
    return LinearModel(structs.replace(model.header, figures=found), model.arrays)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m millrace.category.train", description=__doc__)
    parser.add_argument("--output", type=Path, default=SHIPPED_MODEL, help="where the model goes (%(default)s)")
    chosen = parser.parse_args(arguments)

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - the command's progress

    model = train(dataset.questions("train"), dataset.vocabulary(), say)
    model = measured(model, dataset.questions("test"), dataset.later())
    chosen.output.write_bytes(model.to_bytes())
    for name, value in model.header.figures.items():
        say(f"{name:22} {value:.4f}")
    say(f"{chosen.output}: {chosen.output.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
