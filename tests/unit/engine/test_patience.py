"""How long a turn waits, by what its model is known to do."""

import pytest

from millrace.engine.options import EngineOptions
from millrace.engine.patience import Patience
from millrace.model.commands import StartTurn
from millrace.model.generation import Capabilities

OPTIONS = EngineOptions(first_token_timeout_s=30, idle_timeout_s=20, generation_timeout_s=60, thinking_timeout_s=300)
PLAIN, REASONS, WHOLE = Capabilities(), Capabilities(reasoning=True), Capabilities(streaming=False)


def asked(model: Capabilities = PLAIN, *, thinks: bool = False, **own: float) -> Patience:
    patience = Patience(OPTIONS, StartTurn(**own))  # type: ignore[arg-type]  # the limits of a command are floats
    patience.begin(1000.0)
    patience.ask(1005.0, model, thinks=thinks)
    return patience


def over(patience: Patience, now: float) -> bool:
    return patience.over(now) or patience.silent(now)


def test_silence_before_the_first_piece_and_between_two() -> None:
    patience = asked()
    assert not over(patience, 1035.0)
    assert over(patience, 1035.1)
    patience.hear(1010.0, answers=True)
    assert not over(patience, 1030.0)
    assert over(patience, 1030.1)


def test_a_turn_may_have_limits_of_its_own() -> None:
    patience = asked(silence_s=5, duration_s=10)
    assert patience.over(1010.1)
    patience.hear(1009.0, answers=True)
    assert not patience.over(1010.0)
    assert patience.over(1010.1), "ten seconds since it began"


def test_an_answer_that_never_ends() -> None:
    patience = asked()
    for now in range(1006, 1061):
        patience.hear(now, answers=True)
        assert not over(patience, now)
    patience.hear(1060.5, answers=True)
    assert over(patience, 1060.5)


@pytest.mark.parametrize(("model", "thinks"), [(REASONS, False), (PLAIN, True)])
def test_thinking_has_a_limit_of_its_own_and_the_others_count_from_its_end(model: Capabilities, thinks: bool) -> None:
    patience = asked(model, thinks=thinks)
    assert not over(patience, 1304.0), "silent for minutes, as models are that hide what they think"
    patience.hear(1200.0, answers=False)
    assert not over(patience, 1304.0)
    assert over(patience, 1305.1), "however much it thinks"
    patience.hear(1300.0, answers=True)
    assert not over(patience, 1320.0)
    assert over(patience, 1320.1)
    patience.hear(1359.0, answers=True)
    assert not over(patience, 1359.9)
    assert over(patience, 1360.1)


def test_an_answer_in_one_piece_may_take_as_long_as_a_whole_one() -> None:
    patience = asked(WHOLE)
    assert not over(patience, 1060.0)
    assert over(patience, 1060.1)


def test_a_second_model_has_its_own_first_piece_to_wait_for() -> None:
    patience = asked()
    patience.hear(1010.0, answers=False)
    patience.ask(1020.0, PLAIN, thinks=False)
    assert not over(patience, 1050.0)
    assert over(patience, 1050.1)


def test_who_is_silent_is_given_up_and_what_takes_too_long_is_over() -> None:
    patience = asked()
    assert (patience.silent(1035.1), patience.over(1035.1)) == (True, False), "another model may answer in time"
    patience.hear(1060.1, answers=True)
    assert (patience.silent(1060.1), patience.over(1060.1)) == (False, True)
