"""A transformer of the operator's own: here a tiny network that the test makes."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.support.tiny_transformer import LABELS, write_tiny_transformer

from millrace.affect.analyzer import LearnerAnalyzer
from millrace.affect.emotions import NOTHING
from millrace.affect.onnx import TransformerEmotions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tiny_transformer(tmp_path)
    return tmp_path


def test_it_says_what_the_network_says(folder: Path) -> None:
    emotions = TransformerEmotions.load(folder)
    angry = emotions.estimate("furious")
    assert angry.primary == "anger"
    assert angry.probabilities["anger"] == pytest.approx(1 / (1 + np.exp(-9.0)))
    assert emotions.estimate("table chair").primary == "neutral"
    assert emotions.estimate("table `furious` chair").primary == "neutral"


def test_below_the_threshold_it_is_neutral(folder: Path) -> None:
    emotions = TransformerEmotions.load(folder, threshold=0.9999)
    assert emotions.estimate("furious").primary == "neutral"


def test_it_serves_the_learners_state(folder: Path) -> None:
    analyzer = LearnerAnalyzer(TransformerEmotions.load(folder))
    assert analyzer.observe([], "curious").emotion.learning_readiness == "optimal"


@pytest.mark.parametrize("text", ["", "  ", "\ud800" * 100_000, "\0" * 5_000, "furious " * 50_000])
def test_hostile_text_is_taken(folder: Path, text: str) -> None:
    found = TransformerEmotions.load(folder).estimate(text)
    assert found == NOTHING or set(found.probabilities) == set(LABELS)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_missing_or_broken_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_text("{")
    with pytest.raises(ValueError, match=r"model in|config\.json"):
        TransformerEmotions.load(folder)
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f"lacks {name}"):
        TransformerEmotions.load(folder)


def test_labels_of_another_task_are_refused(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "spam"}}))
    with pytest.raises(ValueError, match="'spam' is none of GoEmotions"):
        TransformerEmotions.load(folder)
