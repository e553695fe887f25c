"""What is thought about a turn beside its answer; each part may be missing, and then nothing of it is computed."""

from dataclasses import dataclass

from millrace.ports import CategoryEstimator, EmotionAnalyzer, QuestionSuggester, SessionTitler, ThinkingChooser


@dataclass(frozen=True, slots=True)
class Insights:
    """Who estimates how the learner fares, tells what a question is about and whether to think first, and has ideas."""

    emotion: EmotionAnalyzer | None = None
    categories: CategoryEstimator | None = None
    suggester: QuestionSuggester | None = None
    titler: SessionTitler | None = None
    thinking: ThinkingChooser | None = None
