"""The schema names every event, and what is encoded is what it describes."""

import json
import subprocess
import sys

import msgspec

from millrace.model.events import AnyEvent
from millrace.model.schema import model_schema


def test_every_event_is_in_it_under_its_tag() -> None:
    definitions = model_schema()["$defs"]
    for event in AnyEvent.__args__:
        (tag,) = definitions[event.__name__]["properties"]["type"]["enum"]
        assert tag.replace("-", "") == event.__name__.lower()


def test_the_module_prints_it() -> None:
    printed = subprocess.run([sys.executable, "-m", "millrace.model.schema"], capture_output=True, check=True)
    assert json.loads(printed.stdout) == json.loads(msgspec.json.encode(model_schema()))
