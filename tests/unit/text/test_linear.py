import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from millrace.text.features import FeatureSpec, feature_hash
from millrace.text.linear import LinearModel, ModelArrays, ModelHeader

HEADER = ModelHeader(
    labels=("good", "bad"),
    spec=FeatureSpec(mask_names=False),
    rows=(2, 1),
    known=1,
    slopes=(1.0, 2.0),
    offsets=(0.0, -0.5),
    thresholds=(0.5, 0.6),
    figures={"macro_f1": 0.5},
    training={"kept": 3},
    attribution="nobody",
)


def model() -> LinearModel:
    words = sorted(map(feature_hash, ["wgreat", "wawful"]))
    great_first = words[0] == feature_hash("wgreat")
    weights = [[127, -127], [-127, 127]] if great_first else [[-127, 127], [127, -127]]
    arrays = ModelArrays(
        hashes=np.array([*words, feature_hash("cful")], np.uint32),
        idf=np.array([2, 2, 3], np.float16),
        weights=np.array([*weights, [0, 100]], np.int8),
        scales=np.array([0.01, 0.02], np.float32),
        intercepts=np.array([0.25, -0.25], np.float32),
        known=np.array([feature_hash("the")], np.uint32),
    )
    return LinearModel(HEADER, arrays)


def test_scores_are_weights_of_what_is_there_scaled_to_length_one() -> None:
    assert model().logits("great great great") == pytest.approx([0.25 + 1.27, -0.25 - 2.54])
    assert model().logits("awful") == pytest.approx([0.25 - 1.27, -0.25 + 2.54 + 2.0])
    assert model().logits("great awful") == pytest.approx([0.25, -0.25 + 2.0], abs=1e-5)


def test_a_text_without_features_scores_what_is_usual() -> None:
    for text in ("", "zzz", "\n", "\U0001f600"):
        assert model().logits(text) == pytest.approx([0.25, -0.25])


def test_probabilities_are_calibrated_and_compared_with_thresholds() -> None:
    probabilities = model().probabilities("zzz")
    assert probabilities == pytest.approx([1 / (1 + np.exp(-0.25)), 1 / (1 + np.exp(1.0))])
    assert model().predicted(probabilities).tolist() == [True, False]


def test_a_file_gives_the_same_model_and_the_same_bytes() -> None:
    data = model().to_bytes()
    again = LinearModel.from_bytes(data)
    assert again.header == HEADER
    assert again.to_bytes() == data
    assert again.logits("awful great day").tolist() == model().logits("awful great day").tolist()
    assert again.knows_word("the")
    assert not again.knows_word("great")
    assert again.weighs("great")


@pytest.mark.parametrize("keep", [0, 5, 25, 300, -1])
def test_a_damaged_file_is_refused_with_a_reason(keep: int) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        LinearModel.from_bytes(model().to_bytes()[:keep])


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no model file"):
        LinearModel.from_bytes(b"PK\x03\x04" + b"\0" * 100)


@given(st.text())
def test_any_text_has_finite_scores(text: str) -> None:
    assert np.isfinite(model().probabilities(text)).all()


def test_a_model_without_pieces_reads_words_alone() -> None:
    whole = model()
    header = structs.replace(HEADER, spec=FeatureSpec(char_max=0, mask_names=False))
    assert LinearModel(header, whole.arrays).logits("awful") == pytest.approx([0.25 - 1.27, -0.25 + 2.54])
