"""Text that comes a second time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from millrace.providers.replay import Replay

TEXTS = st.text(alphabet="ab \n", max_size=8)


@given(TEXTS, TEXTS, TEXTS, st.lists(st.integers(0, 24), max_size=5))
def test_what_repeats_is_left_out_however_it_is_cut(optional: str, shown: str, new: str, cuts: list[int]) -> None:
    stream = optional + shown + new
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    replay = Replay(optional, shown)
    found = "".join(replay.beyond(stream[begin:end]) for begin, end in pairwise(places))
    assert found == new
    assert not replay.broken
    assert replay.owing == 0
    assert replay.over or not new


def test_what_was_shown_must_come_again() -> None:
    replay = Replay("", "Hello")
    assert replay.beyond("Hel") == ""
    assert (replay.owing, replay.over, replay.broken) == (2, False, False)
    replay.beyond("p")
    assert replay.broken


def test_what_may_come_first_may_be_left_out() -> None:
    replay = Replay("\n\n", "Hello")
    assert replay.beyond("\nHello you") == " you"
    assert replay.over
    assert Replay(" ").beyond("x ") == "x "
