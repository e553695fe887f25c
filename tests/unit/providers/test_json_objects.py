"""Objects out of a stream of JSON, however it is cut."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.providers.json_objects import JsonObjects
from millrace.providers.sse import EventTooLarge

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
)


def cut(stream: bytes, size: int) -> list[bytes]:
    objects = JsonObjects()
    found = [data for place in range(0, len(stream), size) for data in objects.feed(stream[place : place + size])]
    assert objects.idle
    return found


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=3)), st.integers(1, 9), st.booleans())
def test_the_items_of_an_array(items: list[dict[str, object]], size: int, pretty: bool) -> None:
    stream = json.dumps(items, indent=2 if pretty else None, ensure_ascii=False).encode()
    assert [json.loads(data) for data in cut(stream, size)] == items


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_one_document_after_the_other(size: int) -> None:
    stream = b'[{"a": "}\\"{\\\\"},\r\n{"b": {"c": []}}]\n{"d": 1} , ]}{}'
    assert [json.loads(data) for data in cut(stream, size)] == [{"a": '}"{\\'}, {"b": {"c": []}}, {"d": 1}, {}]


def test_an_object_over_the_limit_is_refused() -> None:
    objects = JsonObjects(100)
    assert objects.feed(b'[{"a":1},' * 50) == [b'{"a":1}'] * 50
    with pytest.raises(EventTooLarge):
        objects.feed(b'{"a":"' + b"x" * 200)


def test_a_long_object_in_small_pieces_costs_linear_time() -> None:
    objects = JsonObjects()
    stream = json.dumps({"a": "x" * 2_000_000}).encode()
    began = time.process_time()
    found = [data for place in range(0, len(stream), 100) for data in objects.feed(stream[place : place + 100])]
    assert len(found) == 1
    assert time.process_time() - began < 2
