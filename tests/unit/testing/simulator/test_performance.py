"""Which bytes go out when, without a clock and without a socket."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.testing.simulator.ask import Ask
from millrace.testing.simulator.behaviour import Behaviour
from millrace.testing.simulator.performance import RESET_DELAY, Step, Then, body_type, perform
from millrace.testing.simulator.script import compose
from millrace.testing.simulator.text import Library
from millrace.testing.simulator.wires.base import Identity
from millrace.testing.simulator.wires.openai_chat import OpenAIChatWire

LIBRARY = Library()


def steps(text: str, *, stream: bool = True, most: int = 10_000) -> list[Step]:
    behaviour = Behaviour.read(text)
    ask = Ask(model="sim", stream=stream)
    encoder = OpenAIChatWire().encoder(ask, behaviour, Identity(1, 0, "sim"))
    return list(islice(perform(compose(LIBRARY, behaviour, ask), behaviour, encoder, stream=stream), most))


def body(played: list[Step]) -> bytes:
    return b"".join(step.data for step in played)


def sent(played: list[Step]) -> int:
    return sum(step.tokens for step in played)


def test_the_pace_is_absolute() -> None:
    played = steps("tokens=5&interval_ms=20&ttft_ms=100")
    assert [round(step.at, 6) for step in played] == [0.1, 0.12, 0.14, 0.16, 0.18, 0.18]
    assert [step.tokens for step in played] == [1, 1, 1, 1, 1, 0]
    assert [step.then for step in played] == [Then.NEXT] * 5 + [Then.FINISH]


def test_several_tokens_in_a_write_keep_the_rate() -> None:
    played = steps("tokens=25&interval_ms=20&chunk=10")
    assert [(round(step.at, 6), step.tokens) for step in played] == [(0, 10), (0.2, 10), (0.4, 5), (0.48, 0)]


@given(st.integers(0, 30), st.integers(0, 10), st.integers(1, 12), st.sampled_from(["think", "parts", "reasoning"]))
def test_the_writes_do_not_change_the_bytes(tokens: int, reasoning: int, chunk: int, place: str) -> None:
    text = f"tokens={tokens}&reasoning={reasoning}&reasoning_place={place}&usage=every"
    played = steps(f"{text}&chunk={chunk}")
    assert body(played) == body(steps(text))
    assert sent(played) == tokens + reasoning
    assert [step.at for step in played] == sorted(step.at for step in played)


@given(st.sampled_from(["1", "7", "random"]), st.sampled_from(["", "&fault=error_event", "&fault=stall&stall_ms=5"]))
def test_cuts_do_not_change_the_bytes(split: str, rest: str) -> None:
    text = f"tokens=6&text=emoji&interval_ms=10{rest}"
    whole, cut = steps(text), steps(f"{text}&split={split}")
    assert body(cut) == body(whole)
    assert sent(cut) == sent(whole)
    assert cut[-1].then is whole[-1].then
    assert {step.at for step in cut} == {step.at for step in whole}
    if split != "random":
        assert max(len(step.data) for step in cut) == int(split)


@pytest.mark.parametrize(
    ("fault", "then", "tokens"),
    [
        ("cut", Then.RESET, 5),
        ("truncate", Then.CLOSE, 5),
        ("error_event", Then.CLOSE, 5),
        ("stall", Then.HOLD, 5),
        ("stall&stall_ms=50", Then.FINISH, 10),
        ("malformed", Then.FINISH, 10),
        ("bad_utf8", Then.FINISH, 10),
        ("cut&after=0", Then.RESET, 0),
        ("cut&after=3&chunk=2", Then.RESET, 3),
        ("stall&after=99", Then.HOLD, 10),
        ("content_filter&after=4", Then.FINISH, 4),
        ("hang_first", Then.HOLD, 0),
    ],
)
def test_faults_in_the_stream(fault: str, then: Then, tokens: int) -> None:
    played = steps(f"tokens=10&interval_ms=20&fault={fault}")
    assert (played[-1].then, sent(played)) == (then, tokens)
    assert (b"[DONE]" in body(played)) == (then is Then.FINISH)
    assert [step.at for step in played] == sorted(step.at for step in played)


def test_a_stall_shifts_what_comes_after_it() -> None:
    played = steps("tokens=4&interval_ms=10&fault=stall&after=2&stall_ms=1000")
    assert [round(step.at, 6) for step in played] == [0, 0.01, 1.02, 1.03, 1.03]


def test_a_reset_waits_for_the_bytes_before_it() -> None:
    played = steps("tokens=4&interval_ms=10&fault=cut&after=2")
    assert played[-1].at == pytest.approx(0.01 + RESET_DELAY)
    assert played[-1].data == b""


def test_a_fault_after_no_token_still_opens_the_answer() -> None:
    assert b'"role":"assistant"' in body(steps("fault=stall&after=0"))
    assert body(steps("fault=hang_first")) == b""


def test_pages_and_nothing_instead_of_an_answer() -> None:
    assert body(steps("fault=html")).startswith(b"<!DOCTYPE html>")
    assert body(steps("fault=empty")) == b""
    assert body_type(Behaviour.read("fault=html"), "x/y") == "text/html; charset=utf-8"
    assert body_type(Behaviour.read("fault=empty"), "x/y") == "x/y"


@pytest.mark.parametrize("stream", [True, False])
def test_an_endless_line_never_ends(stream: bool) -> None:
    played = steps("tokens=4&fault=endless_line&after=2", stream=stream, most=500)
    assert len(body(played)) > 16 * 1024 * 1024
    assert played[-1].then is Then.NEXT
    assert b"\n" not in body(played[4:])


@pytest.mark.parametrize(
    ("fault", "then"),
    [
        ("", Then.FINISH),
        ("&fault=hang_first", Then.HOLD),
        ("&fault=stall", Then.HOLD),
        ("&fault=stall&stall_ms=30", Then.FINISH),
        ("&fault=cut", Then.RESET),
        ("&fault=truncate", Then.CLOSE),
        ("&fault=malformed", Then.CLOSE),
        ("&fault=html", Then.FINISH),
        ("&fault=empty", Then.FINISH),
        ("&fault=bad_utf8", Then.FINISH),
    ],
)
def test_faults_of_an_answer_in_one_piece(fault: str, then: Then) -> None:
    assert steps(f"tokens=10{fault}", stream=False)[-1].then is then


def test_an_answer_in_one_piece_takes_as_long_as_the_stream() -> None:
    (only,) = steps("tokens=5&interval_ms=20&ttft_ms=100", stream=False)
    assert only.at == pytest.approx(0.18)
    assert only.tokens == 5


@pytest.mark.parametrize("stream", [True, False])
def test_a_huge_event_is_one_and_the_answer_goes_on_after_it(stream: bool) -> None:
    played = steps("tokens=4&fault=huge_event&after=2", stream=stream)
    data = body(played)
    assert 64 << 20 < len(data) < 65 << 20
    assert sent(played) == 4
    assert played[-1].then is Then.FINISH
    if stream:
        assert max(map(len, data.split(b"\n\n"))) > 64 << 20
        assert data.endswith(b"data: [DONE]\n\n")
