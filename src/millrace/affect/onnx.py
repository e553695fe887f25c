"""Estimates emotions with a transformer in ONNX format that the operator provides. Needs the extra `affect-onnx`.

Any multi-label text classifier over (some of) the labels of GoEmotions does, exported with its tokenizer. It is far
slower than the model that ships, so it belongs on machines that have the time.
"""

from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # it ships no types
from msgspec import Struct
from tokenizers import Tokenizer

from millrace.affect.emotions import NOTHING, Emotions
from millrace.affect.labels import EKMAN, NEUTRAL
from millrace.text.features import without_code

_MAX_TOKENS = 256
_LABELS = frozenset(label for members in EKMAN.values() for label in members)


class _Config(Struct, frozen=True):
    id2label: dict[str, str]


class TransformerEmotions:
    """An `EmotionClassifier` that runs a transformer on the CPU, in the calling thread."""

    def __init__(self, session: Any, tokenizer: Tokenizer, labels: tuple[str, ...], *, threshold: float = 0.5) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._labels = labels
        self._threshold = threshold
        self._inputs = frozenset(part.name for part in session.get_inputs())

    @classmethod
    def load(cls, folder: Path, *, threshold: float = 0.5, threads: int = 1) -> Self:
        """Read a model from a folder that holds model.onnx, tokenizer.json and config.json.

        Args:
            folder: Where they are.
            threshold: The probability from which an emotion counts as there.
            threads: How many threads one estimate may use.

        Raises:
            ValueError: A file is missing or cannot be used; the message says which and why.
        """
        files = {name: folder / name for name in ("model.onnx", "tokenizer.json", "config.json")}
        if missing := [name for name, path in files.items() if not path.is_file()]:
            raise ValueError(f"{folder} lacks {', '.join(missing)}. Export the model with its tokenizer to ONNX there.")
        try:
            names = msgspec.json.decode(files["config.json"].read_bytes(), type=_Config).id2label
            labels = tuple(names[str(number)] for number in range(len(names)))
        except (msgspec.MsgspecError, KeyError) as error:
            raise ValueError(
                f"{files['config.json']} has no `id2label` that names each class by its number."
            ) from error
        if unknown := sorted(set(labels) - _LABELS):
            raise ValueError(
                f"The model's label {unknown[0]!r} is none of GoEmotions. Take a model that was trained on it."
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(files["model.onnx"], options, providers=["CPUExecutionProvider"])
            tokenizer = Tokenizer.from_file(str(files["tokenizer.json"]))
        except Exception as error:  # both libraries raise many types of their own, and bare Exception
            raise ValueError(f"The model in {folder} cannot be read: {error}") from error
        tokenizer.enable_truncation(_MAX_TOKENS)
        return cls(session, tokenizer, labels, threshold=threshold)

    def estimate(self, text: str) -> Emotions:
        """The emotions in a text; `NOTHING` where it has no words. The first 256 tokens of its prose count."""
        prose = without_code(text).encode("utf-8", "replace").decode()
        encoded = self._tokenizer.encode(prose)
        if not prose.strip() or not encoded.ids:
            return NOTHING
        given = {"input_ids": encoded.ids, "attention_mask": encoded.attention_mask, "token_type_ids": encoded.type_ids}
        feed = {name: np.array([values], np.int64) for name, values in given.items() if name in self._inputs}
        logits = np.asarray(self._session.run(None, feed)[0][0], np.float64)
        probabilities = 1.0 / (1.0 + np.exp(-np.clip(logits, -40.0, 40.0)))
        by_label = dict(zip(self._labels, probabilities.tolist(), strict=True))
        top = max(by_label, key=by_label.__getitem__)
        return Emotions(top if by_label[top] >= self._threshold else NEUTRAL, by_label)
