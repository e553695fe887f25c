"""Keys are the same for the same names alone; what applications wish reaches the command."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.dialects.wishes import command_of, request_key
from millrace.dialects.wishes import given as those_given
from millrace.model.commands import StartTurn
from millrace.model.errors import InvalidRequest

NAMES = st.lists(st.text(max_size=4), max_size=3).map(tuple)


@given(one=NAMES, other=NAMES)
def test_different_names_give_different_keys(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (request_key(*one) == request_key(*other)) == (one == other)
    assert len(request_key(*one)) == 40


def test_nothing_wished_is_a_plain_command() -> None:
    assert command_of({"model": None, "context": None, "anything": 1}, "ana") == StartTurn()
    assert those_given({"a": None, "b": 0, "c": ""}) == {"b": 0, "c": ""}


def test_what_is_wrong_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        command_of({"user_id": "ben"}, "ana")
    with pytest.raises(msgspec.ValidationError):
        command_of({"model": 7}, "ana")
