import time
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.affect.emotions import LinearEmotions
from millrace.category import dataset
from millrace.category.categorizer import NOTHING, SHIPPED_MODEL, Categorizer
from millrace.category.labels import CATEGORIES
from millrace.category.measure import confusion, figures

CATEGORIZER = Categorizer.load()


def test_the_shipped_model_is_as_good_as_it_says_on_the_shipped_questions() -> None:
    test = figures(confusion(CATEGORIZER, dataset.questions("test")))
    later = figures(confusion(CATEGORIZER, dataset.later()))
    assert test["macro_f1"] >= 0.85
    assert min(value for name, value in test.items() if name.startswith("f1_")) >= 0.75
    assert later["macro_f1"] >= 0.85
    assert CATEGORIZER.model.header.figures == test | {f"later_{name}": value for name, value in later.items()}


def test_the_page_about_it_shows_these_figures() -> None:
    page = (Path(__file__).parents[3] / "docs" / "category.md").read_text(encoding="utf-8")
    table = confusion(CATEGORIZER, dataset.questions("test"))
    shipped = CATEGORIZER.model.header.figures
    for category, row in zip(CATEGORIES, table.tolist(), strict=True):
        cells = " | ".join(map(str, row))
        assert f"| {category} | {cells} | {shipped[f'f1_{category}']:.2f} |".replace("| 0.", "| .") in page
    for name in ("macro_f1", "macro_f1_low", "macro_f1_high", "accuracy", "later_macro_f1", "later_accuracy"):
        assert f"{shipped[name]:.3f}".lstrip("0") in page, name


def test_the_file_is_small_and_quickly_read() -> None:
    assert SHIPPED_MODEL.stat().st_size < 400_000
    begun = time.perf_counter()
    Categorizer.load()
    assert time.perf_counter() - begun < 0.5


def test_a_confident_estimate_is_mostly_right() -> None:
    said = [(CATEGORIZER.estimate(one.text), one.label) for one in dataset.questions("test")]
    sure = [estimate.category == label for estimate, label in said if estimate.confidence >= 0.9]
    unsure = [estimate.category == label for estimate, label in said if estimate.confidence < 0.6]
    assert len(sure) >= 200
    assert sum(sure) / len(sure) >= 0.95
    assert sum(unsure) / len(unsure) <= 0.65


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("HOW DO I REVERSE A LIST IN PYTHON", "coding"),
        ("```python\ndef f(x):\n    return x + 1\n```\nwhy does this fail", "coding"),
        ("solve 3x + 4 = 19", "math"),
        ("solve 7x - 2 = 33", "math"),
        ("why do planets orbit the sun", "science"),
        ("is it 'who' or 'whom' here", "language"),
        ("who was the last king of france", "history"),
        ("pls write a short poem abuot my dog", "writing"),
        ("what can i cook with eggs and spinach", "everyday"),
        ("hello!", "other"),
        ("why?", "other"),
        ("ok thanks", "other"),
    ],
)
def test_plain_cases(text: str, category: str) -> None:
    assert CATEGORIZER.estimate(text).category == category


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000"])
def test_of_an_empty_text_it_says_nothing(text: str) -> None:
    assert CATEGORIZER.estimate(text) == NOTHING


@given(st.text(st.characters(), max_size=400))
def test_no_text_makes_it_fail(text: str) -> None:
    estimate = CATEGORIZER.estimate(text)
    assert estimate.category in CATEGORIES
    assert 0.0 <= estimate.confidence <= 1.0


@pytest.mark.parametrize(
    "text", ["x", "\0", "`", "\U0001f916", "a b ", "aB", "1", "\ud800 ", "\u05d0\u4e00\u0644 ", "?\n"]
)
def test_long_hostile_texts_cost_little(text: str) -> None:
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        CATEGORIZER.estimate(text * (100_000 // len(text)))
        taken.append(time.perf_counter() - begun)
    assert min(taken) < 0.02


def test_a_question_costs_well_under_a_millisecond() -> None:
    taken = []
    for question in dataset.questions("test"):
        begun = time.perf_counter()
        CATEGORIZER.estimate(question.text)
        taken.append(time.perf_counter() - begun)
    assert median(taken) < 0.001


def test_a_model_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="does not estimate categories"):
        Categorizer(LinearEmotions.load().model)
