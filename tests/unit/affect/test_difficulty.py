import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.affect.difficulty import Skill

SHARE = st.floats(0.0, 1.0)
COURSE = st.lists(st.tuples(SHARE, SHARE), max_size=30)


def after(course: list[tuple[float, float]]) -> Skill:
    skill = Skill()
    for success, struggle in course:
        skill = skill.updated(success=success, struggle=struggle)
    return skill


def test_it_begins_in_the_middle_and_stays_where_nothing_shows() -> None:
    assert Skill().difficulty == pytest.approx(0.5)
    assert Skill().updated(success=0.0, struggle=0.0) == Skill()


def test_the_formula_by_hand() -> None:
    once = Skill().updated(success=1.0, struggle=0.0)
    assert once.value == pytest.approx(Skill().value + 0.5 * 0.25)
    twice = once.updated(success=0.0, struggle=0.8)
    assert twice.value == pytest.approx(once.value - 0.5 / 1.05 * 0.8 * 0.75)
    assert twice.evidence == 2


def test_three_successes_make_up_for_one_struggle() -> None:
    assert after([(0.0, 1.0), *[(1.0, 0.0)] * 4]).difficulty > 0.5
    assert after([(0.0, 1.0), *[(1.0, 0.0)] * 2]).difficulty < 0.5


@given(COURSE, SHARE, SHARE, SHARE)
def test_more_success_is_never_easier_and_more_struggle_never_harder(
    course: list[tuple[float, float]], success: float, struggle: float, more: float
) -> None:
    now = after(course)
    usual = now.updated(success=success, struggle=struggle).difficulty
    assert 0.0 < usual < 1.0
    assert now.updated(success=max(success, more), struggle=struggle).difficulty >= usual
    assert now.updated(success=success, struggle=max(struggle, more)).difficulty <= usual
