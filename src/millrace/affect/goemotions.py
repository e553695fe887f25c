"""Reads the GoEmotions data set from a folder. The texts are Reddit comments and stay where they are."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Part(NamedTuple):
    """One part of the split: its texts, and which labels each has (one text per row)."""

    texts: list[str]
    truth: NDArray[np.uint8]


def read_labels(folder: Path) -> tuple[str, ...]:
    """The labels by id.

    Raises:
        OSError: There is no such file.
    """
    return tuple((folder / "emotions.txt").read_text(encoding="utf-8").split())


def read_part(folder: Path, name: str, labels: int) -> Part:
    """One of `train`, `dev`, `test`.

    Raises:
        OSError: There is no such file.
        ValueError: A row is not text, label ids and comment id, separated by tabs.
    """
    rows = [line.split("\t") for line in (folder / f"{name}.tsv").read_text(encoding="utf-8").split("\n") if line]
    truth = np.zeros((len(rows), labels), np.uint8)
    for number, (_, ids, _) in enumerate(rows):
        truth[number, [int(label) for label in ids.split(",")]] = 1
    return Part([text for text, _, _ in rows], truth)
