"""What the settings make of emotion, category, suggestions and titles."""

import sys
from pathlib import Path

import pytest
from tests.support.app import small_settings
from tests.support.mood import Mood
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider
from tests.support.tiny_transformer import write_tiny_transformer

from millrace.engine.insights import Insights
from millrace.ops.clock import SystemClock
from millrace.routing.router import Router
from millrace.server.insights import open_insights
from millrace.server.settings_errors import SettingsError
from millrace.suggestions.suggester import HeadingSuggester, Suggester

MODELS = ScriptedDirectory(ScriptedProvider())
ROUTER = Router(SystemClock())


def insights(tmp_path: Path, **values: object) -> Insights:
    return open_insights(small_settings(tmp_path, **values), MODELS, ROUTER)


def test_what_is_switched_off_is_not_there(tmp_path: Path) -> None:
    off = {"emotion_enabled": False, "category_enabled": False}
    none = insights(tmp_path, generation=off)
    assert (none.emotion, none.categories, none.titler) == (None, None, None)
    assert isinstance(none.suggester, HeadingSuggester)
    given = open_insights(small_settings(tmp_path, generation=off), MODELS, ROUTER, emotion=Mood())
    assert given.emotion is None, "also one that was passed in"


def test_the_usual(tmp_path: Path) -> None:
    usual = insights(tmp_path, fast_model="scripted/quick")
    assert usual.emotion is not None
    assert not usual.emotion.takes_time
    assert usual.emotion.observe([], "I'm so confused, I don't get it").instruction
    assert usual.categories is not None
    assert usual.titler is not None
    assert isinstance(usual.suggester, Suggester)
    mood = Mood()
    assert open_insights(small_settings(tmp_path), MODELS, ROUTER, emotion=mood).emotion is mood
    quiet = insights(tmp_path, generation={"guidance_enabled": False}).emotion
    assert quiet is not None
    assert not quiet.observe([], "I'm so confused, I don't get it").instruction


def test_a_template_with_a_stray_dollar_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="guidance_template"):
        insights(tmp_path, generation={"guidance_template": "costs $"})


def test_a_transformer_of_the_operators(tmp_path: Path) -> None:
    write_tiny_transformer(tmp_path)
    analyzer = insights(tmp_path, generation={"emotion_model": tmp_path}).emotion
    assert analyzer is not None
    assert analyzer.takes_time
    assert analyzer.observe([], "furious").emotion.primary_emotion == "anger"


def test_a_transformer_that_cannot_be_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {"emotion_model": tmp_path / "nowhere"}
    with pytest.raises(SettingsError, match=r"emotion_model is wrong.*lacks model\.onnx"):
        insights(tmp_path, generation=nowhere)
    monkeypatch.setitem(sys.modules, "millrace.affect.onnx", None)
    with pytest.raises(SettingsError, match=r"millrace\[affect-onnx\]"):
        insights(tmp_path, generation=nowhere)
