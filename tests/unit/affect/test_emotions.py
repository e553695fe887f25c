"""The shipped model: its file, its manners, its cost. How well it does is measured in tests/integration."""

import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.hostile import HOSTILE

from millrace.affect.emotions import NOTHING, SHIPPED_MODEL, LinearEmotions
from millrace.affect.labels import EKMAN, SENTIMENT, TUTORING

NEGATIVE = {*SENTIMENT["negative"]}


@pytest.fixture(scope="module")
def shipped() -> LinearEmotions:
    return LinearEmotions.load()


def fastest(action: Callable[[], object], rounds: int = 5) -> float:
    """Milliseconds of this thread's processor in the fastest of some rounds, whatever else the machine does."""
    times = []
    for _ in range(rounds):
        began = time.thread_time()
        action()
        times.append(time.thread_time() - began)
    return min(times) * 1e3


def test_the_file_is_small_and_says_where_it_comes_from(shipped: LinearEmotions) -> None:
    header = shipped.model.header
    assert SHIPPED_MODEL.stat().st_size < 1_000_000
    assert "CC BY 4.0" in header.attribution
    assert header.training["kept"] == sum(header.rows) == 16_000
    assert header.figures["macro_f1"] >= 0.47
    assert header.figures["ekman_macro_f1"] >= 0.59
    assert header.figures["sentiment_macro_f1"] >= 0.66


def test_the_file_is_hashes_and_numbers_after_its_header(shipped: LinearEmotions) -> None:
    data = SHIPPED_MODEL.read_bytes()
    assert shipped.model.to_bytes() == data
    assert not re.findall(rb"[a-z]{3,} [a-z]{3,} [a-z]{3,}", data[data.rindex(b"}") + 1 :])
    assert not [word for word in (b"thanks", b"hate", b"love you", b"sorry") if word in data]


def test_every_label_has_its_groups(shipped: LinearEmotions) -> None:
    labels = set(shipped.model.labels)
    for groups in (EKMAN, SENTIMENT):
        assert sorted(label for members in groups.values() for label in members) == sorted(labels)
    assert {label for members in TUTORING.values() for label in members} <= labels


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("Thank you so much, this helped a lot!", "gratitude"),
        ("I'm so confused, why does the chain rule work?", "confusion"),
        ("I don't understand this at all", "confusion"),
        ("How do black holes work? I'm curious!", "curiosity"),
        ("This makes me so angry", "anger"),
        ("ugh, this is so annoying", "annoyance"),
        ("I'm scared of the exam", "fear"),
        ("haha that is hilarious", "amusement"),
        ("I am so sorry, my fault", "remorse"),
        ("that is so funny \U0001f602", "amusement"),
        ("The meeting is on Tuesday.", "neutral"),
    ],
)
def test_plain_cases(shipped: LinearEmotions, text: str, emotion: str) -> None:
    assert shipped.estimate(text).primary == emotion


def test_of_emoji_alone_it_says_what_it_knows_or_neutral(shipped: LinearEmotions) -> None:
    assert shipped.estimate("\U0001f602\U0001f602\U0001f602").primary in {"amusement", "neutral"}
    assert shipped.estimate("\u2764\ufe0f").primary in {"love", "neutral"}
    assert shipped.estimate("\U0001f621").primary in {"anger", "annoyance", "neutral"}
    assert shipped.estimate("\U0001f9ff\U0001f6d7") == NOTHING


def test_negation_turns_an_emotion_off(shipped: LinearEmotions) -> None:
    for said, denied, label in (
        ("I am angry", "I am not angry", "anger"),
        ("I love it", "I do not love it", "love"),
        ("I am scared", "I'm not scared", "fear"),
        ("I am happy", "I am not happy", "joy"),
    ):
        assert shipped.estimate(said).primary == label
        assert shipped.estimate(denied).primary != label
        assert shipped.estimate(denied).probabilities[label] < 0.5 * shipped.estimate(said).probabilities[label]


@pytest.mark.parametrize("text", ["not bad at all", "Not bad at all!", "That was not bad at all", "not too bad"])
def test_not_bad_at_all_is_no_complaint(shipped: LinearEmotions, text: str) -> None:
    assert shipped.estimate(text).primary not in NEGATIVE
    assert shipped.estimate("This is bad").primary in NEGATIVE


@pytest.mark.parametrize(
    "text",
    [
        "kill the process with SIGKILL, then execute the child",
        "```sh\nkill -9 $(pidof hell); # die, stupid idiot, I hate you\n```",
        "Why is `kill_all_stupid_zombies()` called before `abort()`?",
        "The thread is killed when the parent dies.",
    ],
)
def test_code_that_sounds_violent_is_no_anger(shipped: LinearEmotions, text: str) -> None:
    found = shipped.estimate(text)
    assert found.primary not in NEGATIVE
    assert found.probabilities.get("anger", 0.0) < 0.35


@pytest.mark.parametrize(
    "text",
    [
        "Ich bin so wütend, das funktioniert überhaupt nicht",
        "Je suis très frustré, cela ne fonctionne pas",
        "Estoy muy enojado porque no funciona nada",
        "Sono molto arrabbiato, non funziona niente",
        "Jestem bardzo zły, to nie działa",
        "Ik begrijp er helemaal niks van en ben boos",
        "Não entendo nada disto",
        "我很生气为什么不行",
        "Я очень злюсь, ничего не работает",
        "أنا غاضب جدا",
        "मैं बहुत गुस्से में हूँ",
        "",
        " \n\t",
        "42 + 17 = 59",
    ],
)
def test_of_other_languages_and_of_nothing_it_says_nothing(shipped: LinearEmotions, text: str) -> None:
    assert shipped.estimate(text) == NOTHING


@pytest.mark.parametrize(
    "template",
    ["{} explained it badly and I hate it.", "I think {} is wrong, which annoys me!", "Thank you, {}, that was great"],
)
def test_names_swapped_give_the_same(shipped: LinearEmotions, template: str) -> None:
    names = ("John", "Aisha", "Nguyen", "Siobhán", "Kwame", "José", "Guðrún", "Mary Ann", "Xiu", "O'Brien", "DeShawn")
    assert len({str(shipped.estimate(template.format(name))) for name in names}) == 1


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_costs_little_and_never_raises(kind: str) -> None:
    text = HOSTILE[kind]
    assert len(text) > 99_000

    def cold() -> None:
        classifier.model._char_rows.cache_clear()
        classifier.estimate(text)

    classifier = LinearEmotions.load()
    assert fastest(cold) < 5.0


@given(st.text())
def test_any_text_has_an_estimate(text: str) -> None:
    found = ANY.estimate(text)
    assert found.primary in found.probabilities
    assert all(0.0 <= value <= 1.0 for value in found.probabilities.values())


ANY = LinearEmotions.load()


def test_it_loads_fast_and_takes_little_memory() -> None:
    assert fastest(LinearEmotions.load) < 50.0
    tracemalloc.start()
    try:
        classifier = LinearEmotions.load()
        for number in range(3_000):
            classifier.estimate(f"is this word{number} what you mean by things{number * 7}?")
        assert tracemalloc.get_traced_memory()[0] < 10 * 2**20
    finally:
        tracemalloc.stop()


def test_a_short_message_costs_well_under_a_millisecond(shipped: LinearEmotions) -> None:
    text = ("Thanks, that helps a lot! But I still do not see why the outer derivative has to be multiplied. " * 3)[
        :200
    ]
    assert fastest(lambda: shipped.estimate(text), 200) < 0.5


def test_who_does_not_use_it_does_not_load_numpy() -> None:
    script = "import sys, millrace.affect, millrace.ports, millrace.engine.engine; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_missing_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing"):
        LinearEmotions.load(tmp_path / "nothing")
