"""Fits a linear model over hashed features. Needs scikit-learn (the dependency group `train`); the server does not.

One-vs-rest logistic regression over tf-idf features; the features that matter most to some class are kept and the
regression is fitted again on them alone; weights become int8. Probabilities (Platt scaling) and thresholds are then
set on a validation part that the weights have not seen.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]  # it ships no types
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # it ships no types

from millrace.text.features import FeatureSpec, char_features, feature_hash, raw_tokens, read, word_features
from millrace.text.linear import Floats, LinearModel, ModelArrays, ModelHeader

Targets = NDArray[np.uint8]
"""One text per row, one class per column; 1 where the text has the class."""

_THRESHOLDS = np.round(np.arange(0.03, 0.81, 0.01), 2)


class FitOptions(Struct, frozen=True):
    """How a model is fitted.

    Attributes:
        kept: How many features the model has in the end.
        word_min_df: In how many texts a feature of the `words` block must stand to count.
        char_min_df: The same for `chars`.
        known_min_df: In how many texts a word must stand in lower case to count as no name.
        c: The inverse strength of the regularisation.
        tolerance: When the solver stops.
        max_iterations: When it stops in any case.
        seed: For the solver's order of work.
    """

    kept: int = 16_000
    word_min_df: int = 2
    char_min_df: int = 5
    known_min_df: int = 3
    c: float = 1.0
    tolerance: float = 1e-2
    max_iterations: int = 60
    seed: int = 7


def fit(
    texts: Sequence[str],
    targets: Targets,
    labels: Sequence[str],
    spec: FeatureSpec,
    options: FitOptions,
    *,
    say: Callable[[str], None] = lambda _: None,
) -> LinearModel:
    """Fit a model. Its probabilities are uncalibrated and its thresholds 0.5 until `calibrate` was called.

    Args:
        texts: What to learn from.
        targets: The classes of each text.
        labels: The names of the classes.
        spec: Which features.
        options: How.
        say: Is told what goes on.
    """
    known = _known_words(texts, options.known_min_df) if spec.mask_names else np.empty(0, np.uint32)
    blocks = _blocks(texts, spec, frozenset(known.tolist()), options)
    say(f"{[len(hashes) for hashes, _ in blocks]} features (words, pieces)")
    matrices = [_weighed(counts, _idf(counts)) for _, counts in blocks]
    full = sparse.hstack(matrices, format="csr")
    weights, _ = _regress(full, targets, options, say)
    chosen = _choose(full, weights, options.kept)
    say(f"{len(chosen)} features kept")

    hashes, idf, reduced, start = [], [], [], 0
    for block_hashes, counts in blocks:
        mine = chosen[(chosen >= start) & (chosen < start + len(block_hashes))] - start
        start += len(block_hashes)
        hashes.append(block_hashes[mine])
        idf.append(_idf(counts[:, mine]))
        reduced.append(_weighed(counts[:, mine], idf[-1]))
    weights, intercepts = _regress(sparse.hstack(reduced, format="csr"), targets, options, say)
    scales = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127.0
    classes = len(labels)
    return LinearModel(
        ModelHeader(
            labels=tuple(labels),
            spec=spec,
            rows=(len(hashes[0]), len(hashes[1])),
            known=len(known),
            slopes=(1.0,) * classes,
            offsets=(0.0,) * classes,
            thresholds=(0.5,) * classes,
            figures={},
            training=structs.asdict(options),
            attribution="",
        ),
        ModelArrays(
            hashes=np.concatenate(hashes),
            idf=np.concatenate(idf).astype(np.float16),
            weights=np.rint(weights / scales).astype(np.int8),
            scales=scales.astype(np.float32),
            intercepts=intercepts.astype(np.float32),
            known=known,
        ),
    )


def calibrate(model: LinearModel, texts: Sequence[str], targets: Targets) -> LinearModel:
    """The same model with Platt scaling and, per class, the threshold of the best F1 on these texts."""
    logits = logits_of(model, texts)
    slopes, offsets = [], []
    for column in range(targets.shape[1]):
        platt = LogisticRegression(C=1e6).fit(logits[:, [column]], targets[:, column])
        slopes.append(round(float(platt.coef_[0, 0]), 5))
        offsets.append(round(float(platt.intercept_[0]), 5))
    header = structs.replace(model.header, slopes=tuple(slopes), offsets=tuple(offsets))
    scaled = LinearModel(header, model.arrays)
    thresholds = best_thresholds(scaled.calibrated(logits), targets)
    return LinearModel(structs.replace(header, thresholds=thresholds), model.arrays)


def logits_of(model: LinearModel, texts: Sequence[str]) -> Floats:
    """The model's own scores, one text per row, by the code that also runs in the server."""
    return np.stack([model.logits(text) for text in texts])


def best_thresholds(probabilities: Floats, targets: Targets) -> tuple[float, ...]:
    """Per class, the middle of the threshold's best stretch: where F1, smoothed over its neighbours, is highest."""
    found = []
    for column in range(targets.shape[1]):
        truth = targets[:, column] == 1
        said = probabilities[:, [column]] >= _THRESHOLDS[None, :]
        hits = (said & truth[:, None]).sum(axis=0)
        f1 = 2 * hits / np.maximum(said.sum(axis=0) + truth.sum(), 1)
        smooth = np.convolve(np.pad(f1, 2, mode="edge"), np.ones(5) / 5, mode="valid")
        found.append(float(_THRESHOLDS[int(np.argmax(smooth))]))
    return tuple(found)


def _known_words(texts: Sequence[str], min_df: int) -> NDArray[np.uint32]:
    """The hashes of the words that stand in lower case in at least `min_df` texts, sorted."""
    seen = [feature_hash(word) for text in texts for word in {token for token in raw_tokens(text) if token.islower()}]
    hashes, counts = np.unique(np.array(seen, np.uint32), return_counts=True)
    return hashes[counts >= min_df]


def _blocks(
    texts: Sequence[str], spec: FeatureSpec, known: frozenset[int], options: FitOptions
) -> list[tuple[NDArray[np.uint32], Any]]:
    """Per block its hashes, sorted, and the counts: one text per row, one hash per column."""
    words: list[NDArray[np.uint32]] = []
    chars: list[NDArray[np.uint32]] = []
    pieces: dict[str, NDArray[np.uint32]] = {}
    for text in texts:
        reading = read(text, spec, known)
        words.append(np.array(word_features(reading, spec), np.uint32))
        for token in reading.tokens:
            if token not in pieces:
                pieces[token] = np.array(char_features(token, spec) if spec.char_max else [], np.uint32)
        chars.append(np.concatenate([pieces[token] for token in reading.tokens] or [np.empty(0, np.uint32)]))
    return [_counted(words, options.word_min_df), _counted(chars, options.char_min_df)]


def _counted(features: Sequence[NDArray[np.uint32]], min_df: int) -> tuple[NDArray[np.uint32], Any]:
    hashes, columns = np.unique(np.concatenate(features), return_inverse=True)
    rows = np.repeat(np.arange(len(features)), [len(found) for found in features])
    counts = sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(features), len(hashes))).tocsr()
    frequent = np.flatnonzero(np.bincount(counts.indices, minlength=len(hashes)) >= min_df)
    return hashes[frequent], counts[:, frequent]


def _idf(counts: Any) -> NDArray[np.float64]:
    """As in scikit-learn: log((1 + n) / (1 + df)) + 1. In the precision of the file."""
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + counts.shape[0]) / (1 + frequency)) + 1
    result: NDArray[np.float64] = idf.astype(np.float16).astype(np.float64)
    return result


def _weighed(counts: Any, idf: NDArray[np.float64]) -> Any:
    """What `LinearModel` computes for one text, for all of them."""
    matrix = counts.copy()
    matrix.data = (1.0 + np.log(matrix.data)) * idf[matrix.indices]
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.diags(1.0 / np.maximum(lengths, 1e-12)) @ matrix


def _regress(
    matrix: Any, targets: Targets, options: FitOptions, say: Callable[[str], None]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One-vs-rest: weights (a feature per row, a class per column) and intercepts."""
    weights = np.zeros((matrix.shape[1], targets.shape[1]))
    intercepts = np.zeros(targets.shape[1])
    for column in range(targets.shape[1]):
        regression = LogisticRegression(
            C=options.c,
            solver="liblinear",
            tol=options.tolerance,
            max_iter=options.max_iterations,
            random_state=options.seed,
        ).fit(matrix, targets[:, column])
        weights[:, column] = regression.coef_[0]
        intercepts[column] = regression.intercept_[0]
        say(f"class {column + 1} of {targets.shape[1]}")
    return weights, intercepts


def _choose(matrix: Any, weights: NDArray[np.float64], kept: int) -> NDArray[np.intp]:
    """The columns with the largest effect on some class, in ascending order.

    Effect: the weight, by how much the class's weights spread, times the root of the feature's mean square.
    """
    mean_square = np.asarray(matrix.multiply(matrix).mean(axis=0)).ravel()
    spread = np.maximum(weights.std(axis=0), 1e-12)
    effect = np.abs(weights / spread).max(axis=1) * np.sqrt(mean_square)
    return np.sort(np.argsort(-effect, kind="stable")[:kept])
