"""Trains the emotion model that ships with the package: `python -m millrace.affect.train --data DIR`.

DIR holds the official split of GoEmotions: train.tsv, dev.tsv and test.tsv (text, label ids, comment id) and
emotions.txt. The same data gives the same file, byte by byte, with the same versions of NumPy and scikit-learn.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import sklearn  # type: ignore[import-untyped]  # it ships no types
from msgspec import structs

from millrace.affect.emotions import SHIPPED_MODEL
from millrace.affect.goemotions import Part, read_labels, read_part
from millrace.affect.labels import EKMAN, SENTIMENT
from millrace.text import evaluation
from millrace.text.features import FeatureSpec
from millrace.text.fitting import FitOptions, best_thresholds, calibrate, fit, logits_of
from millrace.text.linear import LinearModel

ATTRIBUTION = (
    "Trained on GoEmotions: A Dataset of Fine-Grained Emotions (Demszky, Movshovitz-Attias, Ko, Cowen, Nemade and "
    "Ravi, 2020), https://github.com/google-research/google-research/tree/master/goemotions, licensed under "
    "CC BY 4.0. Changed: the file holds weights over hashed features; no text of the data set is in it."
)


def train(folder: Path, options: FitOptions, say: Callable[[str], None]) -> LinearModel:
    """Train on the data set in `folder`: weights on train, calibration and thresholds on dev, figures on test."""
    labels = read_labels(folder)
    parts = {name: read_part(folder, name, len(labels)) for name in ("train", "dev", "test")}
    for name, part in parts.items():
        say(f"{name}: {len(part.texts)} texts")
    fitted = fit(parts["train"].texts, parts["train"].truth, labels, FeatureSpec(), options, say=say)
    model = calibrate(fitted, parts["dev"].texts, parts["dev"].truth)
    groups = group_thresholds(model, parts["dev"])
    versions = {"numpy": np.__version__, "scikit-learn": sklearn.__version__}
    training = {
        **model.header.training,
        **versions,
        "thresholds": {name: list(values) for name, values in groups.items()},
    }
    header = structs.replace(
        model.header,
        figures=measure(model, parts["test"], groups),
        training=training,
        attribution=ATTRIBUTION,
    )
    return LinearModel(header, model.arrays)


def group_thresholds(model: LinearModel, dev: Part) -> dict[str, tuple[float, ...]]:
    """The thresholds of Ekman's emotions and of sentiment, for measuring; the server uses neither."""
    probabilities = model.calibrated(logits_of(model, dev.texts))
    return {
        name: best_thresholds(
            evaluation.grouped(probabilities, model.labels, groups),
            evaluation.grouped_truth(dev.truth, model.labels, groups),
        )
        for name, groups in (("ekman", EKMAN), ("sentiment", SENTIMENT))
    }


def measure(model: LinearModel, test: Part, thresholds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Macro-F1 by taxonomy, with the interval for the 28 labels, and F1 by label. Rounded to four digits."""
    probabilities = model.calibrated(logits_of(model, test.texts))
    said = model.predicted(probabilities).astype(np.uint8)
    low, high = evaluation.interval(said, test.truth)
    figures = {"macro_f1": evaluation.macro_f1(said, test.truth), "macro_f1_low": low, "macro_f1_high": high}
    for name, groups in (("ekman", EKMAN), ("sentiment", SENTIMENT)):
        scores = evaluation.grouped(probabilities, model.labels, groups)
        marks = (scores >= np.array(thresholds[name])).astype(np.uint8)
        figures[f"{name}_macro_f1"] = evaluation.macro_f1(
            marks, evaluation.grouped_truth(test.truth, model.labels, groups)
        )
    by_label = zip(model.labels, evaluation.f1_per_class(said, test.truth), strict=True)
    figures |= {f"f1_{label}": float(value) for label, value in by_label}
    return {name: round(value, 4) for name, value in figures.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m millrace.affect.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of GoEmotions")
    parser.add_argument("--output", type=Path, default=SHIPPED_MODEL, help="where the model goes (%(default)s)")
    chosen = parser.parse_args(arguments)

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - the command's progress

    model = train(chosen.data, FitOptions(), say)
    chosen.output.write_bytes(model.to_bytes())
    for name, value in model.header.figures.items():
        say(f"{name:24} {value:.4f}")
    say(f"{chosen.output}: {chosen.output.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
