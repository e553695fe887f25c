"""A linear model over hashed features, as a file of a few hundred kilobytes, and its inference. NumPy alone.

The file: `MAGIC`; the length of the header as four bytes, little-endian; the header as JSON (`ModelHeader`: labels,
features, calibration, figures, attribution, training parameters); then the arrays, in the order of `_ARRAYS`, each
little-endian and without padding. It is the same bytes whenever the same training made it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Self

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from millrace.text.features import (
    FeatureSpec,
    Reading,
    char_features,
    feature_hash,
    read,
    token_feature,
    word_features,
)

MAGIC = b"millrace linear 1\n"

Floats = NDArray[np.float32]

_CACHED_WORDS = 4_096
_NO_ROWS: NDArray[np.int32] = np.empty(0, np.int32)


class ModelHeader(Struct, frozen=True, kw_only=True):
    """What is said of a model in its file.

    Attributes:
        labels: The classes, in the order of the weights.
        spec: The features it was trained with.
        rows: How many features each block has: `words`, `chars`.
        known: How many words count as no names (see `features.read`).
        slopes: Platt scaling per class: p = sigmoid(slope * logit + offset).
        offsets: See `slopes`.
        thresholds: The probability from which a class is predicted, tuned on the validation part.
        figures: How well it does, by name; measured with this very file.
        training: The parameters that reproduce it.
        attribution: Where its data came from, and under which license.
    """

    labels: tuple[str, ...]
    spec: FeatureSpec
    rows: tuple[int, int]
    known: int
    slopes: tuple[float, ...]
    offsets: tuple[float, ...]
    thresholds: tuple[float, ...]
    figures: dict[str, float]
    training: dict[str, Any]
    attribution: str


class ModelArrays(Struct, frozen=True, kw_only=True, eq=False):
    """The numbers of a model; rows are features (those of `words` first, each block by hash), columns are classes.

    Attributes:
        hashes: A feature's hash, per row.
        idf: Its inverse document frequency, per row.
        weights: int8; times `scales` they are the coefficients.
        scales: Per class.
        intercepts: Per class.
        known: The hashes of words that are no names, sorted.
    """

    hashes: NDArray[np.uint32]
    idf: NDArray[np.float16]
    weights: NDArray[np.int8]
    scales: Floats
    intercepts: Floats
    known: NDArray[np.uint32]


class LinearModel:
    """Scores texts. It never fails for what a text holds; threads may share it."""

    def __init__(self, header: ModelHeader, arrays: ModelArrays) -> None:
        self.header = header
        self.arrays = arrays
        self.labels = header.labels
        self.thresholds: Floats = np.array(header.thresholds, np.float32)
        self._slopes: Floats = np.array(header.slopes, np.float32)
        self._offsets: Floats = np.array(header.offsets, np.float32)
        self._idf: Floats = arrays.idf.astype(np.float32)
        words = header.rows[0]
        hashes = arrays.hashes.tolist()
        self._word_row: dict[int, int] = dict(zip(hashes[:words], range(words), strict=True))
        self._char_row: dict[int, int] = dict(zip(hashes[words:], range(words, len(hashes)), strict=True))
        self._known = frozenset(arrays.known.tolist())
        self._char_rows = lru_cache(_CACHED_WORDS)(self._look_up_chars)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a model's file.

        Raises:
            ValueError: The file is of another kind, cut short or damaged.
        """
        if not data.startswith(MAGIC):
            raise ValueError("This is no model file of this version of Millrace. Train it again.")
        start = len(MAGIC) + 4
        end = start + int.from_bytes(data[start - 4 : start], "little")
        header = msgspec.json.decode(data[start:end], type=ModelHeader)
        rows, classes = sum(header.rows), len(header.labels)
        shapes = {"weights": (rows, classes), "scales": (classes,), "intercepts": (classes,), "known": (header.known,)}
        arrays: dict[str, NDArray[Any]] = {}
        for name, kind in _ARRAYS:
            shape = shapes.get(name, (rows,))
            size = int(np.prod(shape))
            if end + size * kind.itemsize > len(data):
                raise ValueError("The model file is cut short. Install Millrace again, or train the model again.")
            arrays[name] = np.frombuffer(data, kind, size, end).reshape(shape)
            end += size * kind.itemsize
        return cls(header, ModelArrays(**arrays))

    def to_bytes(self) -> bytes:
        """The model's file."""
        header = msgspec.json.encode(self.header, order="deterministic")
        parts = [np.ascontiguousarray(getattr(self.arrays, name), kind).tobytes() for name, kind in _ARRAYS]
        return b"".join((MAGIC, len(header).to_bytes(4, "little"), header, *parts))

    def probabilities(self, text: str) -> Floats:
        """The calibrated probability of each class, 0.0 to 1.0, in the order of `labels`; they need not add up to 1."""
        return self.calibrated(self.logits(text))

    def calibrated(self, logits: Floats) -> Floats:
        """Probabilities from logits (one text's, or one text per row)."""
        result: Floats = 1.0 / (1.0 + np.exp(-np.clip(logits * self._slopes + self._offsets, -40.0, 40.0)))
        return result

    def read(self, text: str) -> Reading:
        """The text as the model sees it."""
        return read(text, self.header.spec, self._known)

    def knows_word(self, word: str) -> bool:
        """Whether the word (in lower case) was common in the training texts. Only with `mask_names`."""
        return feature_hash(word) in self._known

    def weighs(self, token: str) -> bool:
        """Whether the token by itself counts for something."""
        return token_feature(token) in self._word_row

    def logits(self, text: str) -> Floats:
        """The raw score of each class."""
        return self.logits_of(self.read(text))

    def logits_of(self, reading: Reading) -> Floats:
        """The raw score of each class for a text that was read."""
        words = self._word_row
        word_rows = [row for key in word_features(reading, self.header.spec) if (row := words.get(key)) is not None]
        char_rows = [self._char_rows(token) for token in reading.tokens] if self.header.spec.char_max else []
        rows, values = zip(
            self._weigh(np.array(word_rows, np.int32)),
            self._weigh(np.concatenate(char_rows) if char_rows else _NO_ROWS),
            strict=True,
        )
        scores = np.concatenate(values) @ self.arrays.weights[np.concatenate(rows)].astype(np.float32)
        result: Floats = scores * self.arrays.scales + self.arrays.intercepts
        return result

    def predicted(self, probabilities: Floats) -> NDArray[np.bool_]:
        """Which classes reach their thresholds."""
        result: NDArray[np.bool_] = probabilities >= self.thresholds
        return result

    def _weigh(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], Floats]:
        """The distinct rows of one block, and their values: (1 + log tf) * idf, scaled to length one."""
        if not len(rows):
            return rows, np.empty(0, np.float32)
        distinct, counts = np.unique(rows, return_counts=True)
        values: Floats = (1.0 + np.log(counts).astype(np.float32)) * self._idf[distinct]
        values /= np.sqrt(values @ values)
        return distinct, values

    def _look_up_chars(self, token: str) -> NDArray[np.int32]:
        rows = self._char_row
        found = [row for key in char_features(token, self.header.spec) if (row := rows.get(key)) is not None]
        return np.array(found, np.int32) if found else _NO_ROWS


_ARRAYS: Sequence[tuple[str, np.dtype[Any]]] = (
    ("hashes", np.dtype("<u4")),
    ("idf", np.dtype("<f2")),
    ("weights", np.dtype("i1")),
    ("scales", np.dtype("<f4")),
    ("intercepts", np.dtype("<f4")),
    ("known", np.dtype("<u4")),
)
