"""A confidence is what the text says, or none."""

import pytest

from millrace.stream.confidence import confidence_of, stated_confidence


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("Confidence: 0.8", 0.8),
        ("confidence 80 %", 0.8),
        ("**Confidence:** 0,75.", 0.75),
        ("I am 90% sure of this.", 0.9),
        ("80 % confident", 0.8),
        ("confidence level: .5", 0.5),
        ("Confidence = 4/5", 0.8),
        ("Confidence: 1", 1.0),
        ("confidence 0.2, and after a check confidence 0.9", 0.9),
        ("High confidence.", None),
        ("confidence: 8", None),
        ("confidence: 180%", None),
        ("confidence: 3/0", None),
        ("confidence: 1.2.3", None),
        ("confidence: 2024", None),
        ("a 95% confidence interval", None),
        ("at a confidence interval of 95%", None),
        ("It is 20 % water.", None),
        ("", None),
    ],
)
def test_what_a_text_says(text: str, stated: float | None) -> None:
    assert stated_confidence(text) == (None if stated is None else pytest.approx(stated))


@pytest.mark.parametrize(
    ("text", "value"), [("0.8", 0.8), (" 80% ", 0.8), ("4 / 5", 0.8), ("high", None), ("0.8 or so", None), ("7", None)]
)
def test_a_number_that_stands_alone(text: str, value: float | None) -> None:
    assert confidence_of(text) == (None if value is None else pytest.approx(value))
