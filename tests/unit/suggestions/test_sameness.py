import pytest

from millrace.suggestions.sameness import Asked


@pytest.mark.parametrize(
    ("known", "question"),
    [
        ("What is photosynthesis?", "what is photosynthesis"),
        ("Why are leaves green?", "Why are the leaves green?"),
        ("Wie speichern Pflanzen Zucker?", "Wie speichern die Pflanzen Zucker?"),
        ("\u4ec0\u4e48\u662f\u53f6\u7eff\u7d20\uff1f", "\u4ec0\u4e48\u662f\u53f6\u7eff\u7d20?"),
        ("Why?", "why"),
    ],
)
def test_the_same_question_in_nearly_the_same_words_is_known(known: str, question: str) -> None:
    assert not Asked([known]).adds(question)


@pytest.mark.parametrize(
    ("known", "question"),
    [
        ("What is photosynthesis?", "What is osmosis?"),
        ("How do I start it?", "How do I stop it?"),
        ("Why are leaves green?", "Why are leaves falling in autumn?"),
    ],
)
def test_another_question_is_new_and_then_known(known: str, question: str) -> None:
    asked = Asked([known])
    assert asked.adds(question)
    assert not asked.adds(question)
