"""What is thought beside answers: puts it together as the settings want it."""

from pathlib import Path
from typing import TYPE_CHECKING

from millrace.engine.insights import Insights
from millrace.ports import CategoryEstimator, EmotionAnalyzer, ModelDirectory
from millrace.routing.router import Router
from millrace.server.models import fast_model
from millrace.server.settings import Settings
from millrace.server.settings_errors import SettingsError
from millrace.suggestions.suggester import HeadingSuggester, Suggester
from millrace.suggestions.titler import Titler
from millrace.thinking.classifier import CueClassifier

if TYPE_CHECKING:
    from millrace.affect.emotions import EmotionClassifier


def open_insights(
    settings: Settings, models: ModelDirectory, router: Router, *, emotion: EmotionAnalyzer | None = None
) -> Insights:
    """What is thought beside answers, as the settings want it; model files are read, so not on the event loop.

    Args:
        settings: Say what is wanted.
        models: Where the fast model is found.
        router: Asks it.
        emotion: An analyzer to use instead of the one that the settings name.

    Raises:
        SettingsError: The template of the instruction is wrong, or the transformer cannot be used.
    """
    fast = fast_model(settings)
    return Insights(
        emotion=_emotion_analyzer(settings, emotion),
        categories=_category_estimator(settings),
        suggester=Suggester(models, fast, router) if fast else HeadingSuggester(),
        titler=Titler(models, fast, router) if fast else None,
        thinking=CueClassifier() if settings.thinking.auto_enabled else None,
    )


def _emotion_analyzer(settings: Settings, given: EmotionAnalyzer | None) -> EmotionAnalyzer | None:
    """What estimates how learners fare, if that is wanted: the one that was given, else as the settings say.

    Raises:
        SettingsError: The template of the instruction is wrong, or the transformer cannot be used.
    """
    generation = settings.generation
    if not generation.emotion_enabled:
        return None
    if given is not None:
        return given
    # NumPy takes longer to load than the rest of this: whoever switches the estimate off does not pay for it.
    from millrace.affect.analyzer import LearnerAnalyzer  # noqa: PLC0415
    from millrace.affect.guidance import DEFAULT_TEMPLATE, checked_template  # noqa: PLC0415

    try:
        template = checked_template(generation.guidance_template or DEFAULT_TEMPLATE)
    except ValueError as error:
        raise SettingsError([f"The setting generation.guidance_template is wrong. {error}"]) from error
    return LearnerAnalyzer(
        _emotion_classifier(generation.emotion_model),
        template=template if generation.guidance_enabled else None,
        takes_time=generation.emotion_model is not None,
    )


def _emotion_classifier(folder: Path | None) -> "EmotionClassifier":
    """The model that ships, or the transformer in `folder`.

    Raises:
        SettingsError: The transformer cannot be used.
    """
    from millrace.affect.emotions import LinearEmotions  # noqa: PLC0415 - brings NumPy, as above

    if folder is None:
        return LinearEmotions.load()
    try:
        from millrace.affect.onnx import TransformerEmotions  # noqa: PLC0415 - an extra that need not be installed
    except ImportError as error:
        sentence = f"generation.emotion_model needs the extra millrace[affect-onnx], which is not installed ({error})."
        raise SettingsError([sentence]) from error
    try:
        return TransformerEmotions.load(folder.expanduser())
    except ValueError as error:
        raise SettingsError([f"The setting generation.emotion_model is wrong. {error}"]) from error


def _category_estimator(settings: Settings) -> CategoryEstimator | None:
    """What tells the subject of questions, if that is wanted."""
    if not settings.generation.category_enabled:
        return None
    from millrace.category.categorizer import Categorizer  # noqa: PLC0415 - brings NumPy, as above

    return Categorizer.load()
