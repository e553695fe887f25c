"""How well the shipped emotion model does on the official test part of GoEmotions, by the code that the server runs.

The data set is not part of the project. It is looked for beside the repository and where GOEMOTIONS_DIR says.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from millrace.affect.emotions import LinearEmotions
from millrace.affect.goemotions import Part, read_labels, read_part
from millrace.affect.train import group_thresholds, measure

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("GOEMOTIONS_DIR") or ROOT.parent / "shared" / "goemotions")

pytestmark = pytest.mark.skipif(
    not (DATA / "test.tsv").is_file(),
    reason=f"GoEmotions is not in {DATA}: set GOEMOTIONS_DIR to a folder with its test.tsv, dev.tsv and emotions.txt",
)


@pytest.fixture(scope="module")
def shipped() -> LinearEmotions:
    return LinearEmotions.load()


@pytest.fixture(scope="module")
def test_part(shipped: LinearEmotions) -> Part:
    assert read_labels(DATA) == shipped.model.labels
    return read_part(DATA, "test", len(shipped.model.labels))


@pytest.fixture(scope="module")
def figures(shipped: LinearEmotions, test_part: Part) -> dict[str, float]:
    return measure(shipped.model, test_part, shipped.model.header.training["thresholds"])


def test_it_is_good_enough(figures: dict[str, float]) -> None:
    assert figures["macro_f1"] >= 0.47
    assert figures["ekman_macro_f1"] >= 0.59
    assert figures["sentiment_macro_f1"] >= 0.66


def test_the_figures_in_the_file_are_its_own(shipped: LinearEmotions, figures: dict[str, float]) -> None:
    assert figures == pytest.approx(shipped.model.header.figures, abs=0.002)


def test_the_documented_figures_are_its_own(shipped: LinearEmotions) -> None:
    page = (ROOT / "docs" / "affect.md").read_text(encoding="utf-8")
    figures = shipped.model.header.figures
    for name in ("macro_f1", "macro_f1_low", "macro_f1_high", "ekman_macro_f1", "sentiment_macro_f1"):
        assert f"{figures[name]:.3f}".lstrip("0") in page
    for label in shipped.model.labels:
        assert f"| {label} | {figures[f'f1_{label}']:.2f} |".replace("0.", ".") in page


def test_thresholds_come_from_the_validation_part(shipped: LinearEmotions) -> None:
    found = group_thresholds(shipped.model, read_part(DATA, "dev", len(shipped.model.labels)))
    for name, values in shipped.model.header.training["thresholds"].items():
        assert np.allclose(found[name], values, atol=0.021)


def test_hardly_any_english_text_is_taken_for_another_language(shipped: LinearEmotions, test_part: Part) -> None:
    unread = sum(len(shipped.estimate(text).probabilities) == 1 for text in test_part.texts)
    assert unread / len(test_part.texts) < 0.015


def test_no_row_is_committed(test_part: Part) -> None:
    package = ROOT / "src" / "millrace" / "affect"
    held = b"\n".join(path.read_bytes() for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc")
    long_texts = [text for text in test_part.texts if len(text) > 40][:500]
    assert len(long_texts) == 500
    assert not [text for text in long_texts if text.encode() in held]
