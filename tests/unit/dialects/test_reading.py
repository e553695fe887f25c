"""Whatever a client sends is read as fields or answered by a sentence."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.dialects.reading import ID_CHARS, check_user, checked_id, id_in, json_object, wrong_field
from millrace.model.errors import InvalidRequest


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        ("9" * 5000, "not valid JSON"),
        ("[1]", "no JSON object"),
        ("null", "no JSON object"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_object_is_told(frame: str | bytes, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        json_object(frame)


@given(st.text() | st.binary())
def test_any_frame_is_an_object_or_an_error(frame: str | bytes) -> None:
    with suppress(InvalidRequest):
        assert isinstance(json_object(frame), dict)


def test_users_and_ids() -> None:
    for fields in ({}, {"user_id": None}, {"user_id": "ana"}):
        check_user(fields, "ana")
    for other in ("ben", "", 0, ["ana"]):
        with pytest.raises(InvalidRequest, match="user_id"):
            check_user({"user_id": other}, "ana")
    assert [checked_id("id", value) for value in (None, "", "x" * ID_CHARS)] == [None, None, "x" * ID_CHARS]
    with pytest.raises(InvalidRequest, match="'id' is longer"):
        checked_id("id", "x" * (ID_CHARS + 1))
    assert [id_in({"id": value}, "id") for value in ("a", "x" * 999, 7, None)] == ["a", "x" * ID_CHARS, None, None]
    assert id_in({}, "id") is None


def test_a_wrong_field_is_named() -> None:
    with pytest.raises(msgspec.ValidationError) as nested:
        msgspec.convert({"a": [1, "x"]}, dict[str, list[int]])
    assert "'[...][1]'" in wrong_field(nested.value)
    with pytest.raises(msgspec.ValidationError) as whole:
        msgspec.convert([], dict[str, int])
    assert wrong_field(whole.value, whole="data").endswith(
        "in the field 'data'. Correct it and send the message again."
    )
    assert "field" not in wrong_field(whole.value)
