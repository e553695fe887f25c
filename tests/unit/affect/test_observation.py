import pytest

from millrace.affect.emotions import NOTHING, Emotions
from millrace.affect.levels import Levels
from millrace.affect.observation import observe
from millrace.text.words import Stemmer


def test_emotions_and_cues_come_together() -> None:
    emotions = Emotions("confusion", {"confusion": 0.5, "annoyance": 0.1, "neutral": 0.2})
    seen = observe("I don't understand derivatives", emotions, Stemmer())
    assert [seen.levels.confused, seen.levels.frustrated] == pytest.approx([0.8, 0.1])
    assert seen.primary == "confusion"
    assert seen.scores == (("confusion", 0.8), ("neutral", 0.2), ("annoyance", 0.1))
    assert seen.intensity == pytest.approx(0.5 * 0.8 + 0.5 * 0.8)


def test_a_cue_names_what_the_classifier_cannot() -> None:
    seen = observe("this is boring", Emotions("neutral", {"neutral": 0.6, "annoyance": 0.2}), Stemmer())
    assert (seen.primary, seen.levels.bored) == ("boredom", 0.75)


def test_a_stronger_emotion_keeps_its_name() -> None:
    seen = observe("Thank you, that makes sense", Emotions("gratitude", {"gratitude": 0.99}), Stemmer())
    assert seen.levels.resolved > 0.99
    assert seen.primary in {"gratitude", "realization"}


def test_of_nothing_there_is_nothing() -> None:
    seen = observe("", NOTHING, Stemmer())
    assert (seen.primary, seen.intensity, seen.levels, seen.topic) == ("neutral", 0.0, Levels(), frozenset())


def test_inflections_are_one_topic() -> None:
    stemmer = Stemmer()
    one = observe("How are derivatives computed?", NOTHING, stemmer)
    other = observe("computing a derivative", NOTHING, stemmer)
    assert one.topic == other.topic
    assert len(one.topic) == 2
