"""A transformer's place, taken by a tiny network that this test makes: one weight per word and class."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from millrace.affect.analyzer import LearnerAnalyzer
from millrace.affect.emotions import NOTHING
from millrace.affect.onnx import TransformerEmotions

WORDS = {"[UNK]": 0, "furious": 1, "curious": 2}
LABELS = ("anger", "curiosity", "neutral")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    table = np.array([[-9, -9, 1], [9, -9, -9], [-9, 9, -9]], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
            helper.make_node("ReduceMean", ["rows", "axis"], ["logits"], keepdims=0),
        ],
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n"]) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1], np.int64), "axis")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, tmp_path / "model.onnx")
    tokenizer = Tokenizer(WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"id2label": dict(enumerate(LABELS)), "model_type": "tiny"}))
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
