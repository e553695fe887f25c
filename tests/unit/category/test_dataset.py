from collections import Counter

from millrace.category.dataset import later, questions, vocabulary
from millrace.category.labels import CATEGORIES
from millrace.category.likeness import near_pairs


def test_there_are_enough_questions_of_each_category() -> None:
    by_label = Counter(question.label for question in questions())
    assert set(by_label) == set(CATEGORIES)
    assert min(by_label.values()) >= 300
    in_test = Counter(question.label for question in questions("test"))
    assert min(in_test.values()) >= 60
    assert len(questions("train")) + len(questions("test")) == len(questions())


def test_no_text_is_there_twice() -> None:
    texts = [question.text for question in (*questions(), *later())]
    assert len(set(texts)) == len(texts)


def test_every_disagreement_of_the_passes_is_resolved_with_a_reason() -> None:
    for question in questions():
        if question.first != question.second:
            assert question.label in (question.first, question.second)
            assert question.note
        else:
            assert question.label == question.first


def test_a_group_is_in_one_part() -> None:
    parts: dict[int, set[str]] = {}
    for question in questions():
        parts.setdefault(question.group, set()).add(question.part)
    assert all(len(found) == 1 for found in parts.values())


def test_nothing_that_is_learned_from_is_nearly_what_is_measured_with() -> None:
    test = [question.text for question in questions("test")]
    assert list(near_pairs(test, [question.text for question in questions("train")])) == []
    assert list(near_pairs(test, [term for term, _ in vocabulary()], words=False)) == []


def test_the_questions_are_varied() -> None:
    texts = [question.text for question in questions()]
    assert sum(len(text.split()) <= 2 for text in texts) >= 150
    assert sum(len(text) >= 80 for text in texts) >= 40
    assert sum("\n" in text for text in texts) >= 8
    assert sum(text.lower() == text for text in texts) >= 1000
    assert sum(text.endswith("?") for text in texts) >= 300
