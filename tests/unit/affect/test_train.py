"""The command, on a data set that is made here. The real one is trained on in minutes, not in a test."""

import random
from pathlib import Path

import pytest

from millrace.affect.emotions import LinearEmotions
from millrace.affect.labels import EKMAN
from millrace.affect.train import main

LABELS = sorted(label for members in EKMAN.values() for label in members)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    chance = random.Random(3)
    (tmp_path / "emotions.txt").write_text("\n".join(LABELS))
    for name, size in (("train", 560), ("dev", 280), ("test", 280)):
        rows = []
        for number in range(size):
            label = number % len(LABELS)
            filling = chance.choices(["the", "a", "it", "was", "so", "very", "there"], k=4)
            rows.append(f"{' '.join(filling)} {LABELS[label]}\t{label}\tid{number}\n")
        (tmp_path / f"{name}.tsv").write_text("".join(rows))
    return tmp_path


def test_it_writes_a_model_with_its_figures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = folder / "trained.model"
    assert main(["--data", str(folder), "--output", str(output)]) == 0
    trained = LinearEmotions.load(output)
    header = trained.model.header
    assert trained.model.labels == tuple(LABELS)
    assert header.figures["macro_f1"] > 0.95
    assert header.figures["ekman_macro_f1"] > 0.95
    assert set(header.training["thresholds"]) == {"ekman", "sentiment"}
    assert "CC BY 4.0" in header.attribution
    assert trained.estimate("it was so very curiosity").primary == "curiosity"
    assert "macro_f1" in capsys.readouterr().err


def test_without_the_data_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"emotions\.txt"):
        main(["--data", str(tmp_path)])
