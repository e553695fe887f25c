import pytest

from millrace.category.likeness import near_pairs


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("What is photosynthesis?", "what is photosynthesis"),
        ("how do i center a div", "How do I center a div in CSS?"),
        ("mitosis vs meiosis", "difference between mitosis and meiosis"),
        ("???", "???"),
    ],
)
def test_the_same_in_other_words_is_a_pair(left: str, right: str) -> None:
    assert list(near_pairs([left], [right])) == [(0, 0)]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("who built the pyramids", "who built the first telephone exchange"),
        ("what is pi", "what is a black hole"),
        ("why", "write a haiku about autumn"),
        ("???", "!!!"),
    ],
)
def test_a_common_frame_makes_no_pair(left: str, right: str) -> None:
    assert list(near_pairs([left], [right])) == []


def test_places_are_those_of_the_texts_and_words_can_be_left_out() -> None:
    left, right = ["osmosis", "explain osmosis vs diffusion"], ["tides", "what about diffusion and also osmosis, then"]
    assert list(near_pairs(left, right)) == []
    assert list(near_pairs(["red tides", "osmosis diffusion"], ["diffusion, osmosis", "red tides"])) == [(0, 1), (1, 0)]
    assert list(near_pairs(["tides"], ["explain the tides"])) == [(0, 0)]
    assert list(near_pairs(["tides"], ["explain the tides"], words=False)) == []
