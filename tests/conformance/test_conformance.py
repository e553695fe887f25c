"""Every dialect against its cases: frames in, commands out; entries in, frames out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.conformance.cases import Case, dialects, entries_of, frame_of, load, spelled

from millrace.dialects.chat import ChatDialect
from millrace.dialects.dialect import BadFrame, Dialect
from millrace.dialects.stream import StreamDialect
from millrace.model.events import Entry, is_terminal
from millrace.stream.delivery import Delivery, DeliveryOptions
from millrace.stream.frames import FrameCache, Renderer

DIALECTS: dict[str, Callable[[], Dialect]] = {"chat": ChatDialect, "stream": StreamDialect}


def cases(kind: str) -> list[Any]:
    found = []
    for dialect in dialects(kind):
        content = load(dialect, kind)
        found += [pytest.param(dialect, content, case, id=f"{dialect}: {case['name']}") for case in content["cases"]]
    return found


@pytest.mark.parametrize(("dialect", "content", "case"), cases("decode"))
def test_a_frame_is_decoded(dialect: str, content: dict[str, Any], case: Case) -> None:
    decoder = DIALECTS[dialect]()
    if "error" not in case:
        assert spelled(decoder.decode(frame_of(case), content["user_id"])) == case["command"]
        return
    with pytest.raises(BadFrame) as caught:
        decoder.decode(frame_of(case), content["user_id"])
    error, reference = caught.value.error, caught.value.reference
    expected = case["error"]
    assert error.code == expected["code"]
    assert expected["says"] in error.message
    about = {name: value for name in reference.__struct_fields__ if (value := getattr(reference, name)) is not None}
    assert about == expected.get("about", {})


@pytest.mark.parametrize(("dialect", "content", "case"), cases("render"))
def test_a_turn_is_rendered(dialect: str, content: dict[str, Any], case: Case) -> None:
    log = entries_of(case)
    deliver = dict(case.get("deliver", {}))
    after = deliver.pop("after", -1)
    options = DeliveryOptions(**{"lag_ms": 10**9, **deliver})
    delivery = Delivery(after, live_from=len(log), options=options)
    batch = delivery.take(log, log[-1].at, sealed=is_terminal(log[-1].event))
    frames = FrameCache(log, DIALECTS[dialect]().renderer(), options.hidden()).frames(batch)
    expected = [{"type": each["type"], "data": {**content["ids"], **each["data"]}} for each in case["frames"]]
    assert [json.loads(frame) for frame in frames] == expected
    # And one by one, as somebody gets them who keeps up: the same, as long as nothing was merged.
    if "lag_entries" not in deliver:
        assert one_by_one(DIALECTS[dialect]().renderer, log, after, options) == expected


def one_by_one(renderer: Callable[[], Renderer], log: list[Entry], after: int, options: DeliveryOptions) -> list[Any]:
    growing: list[Entry] = []
    delivery = Delivery(after, options=options)
    cache = FrameCache(growing, renderer(), options.hidden())
    frames: list[bytes] = []
    for entry in log:
        growing.append(entry)
        batch = delivery.take(growing, entry.at, sealed=is_terminal(entry.event))
        frames += cache.frames(batch)
    return [json.loads(frame) for frame in frames]
