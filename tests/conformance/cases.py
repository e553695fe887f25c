"""Reads conformance cases; knows the files, not the dialects."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from millrace.model.commands import Command, Ping
from millrace.model.events import AnyEvent, Entry

HERE = Path(__file__).parent
BEGIN_MS = 1_767_323_045_000  # 2026-01-02T03:04:05Z

Case = dict[str, Any]


def load(dialect: str, kind: str) -> dict[str, Any]:
    """One file of cases."""
    with (HERE / dialect / f"{kind}.yaml").open(encoding="utf-8") as file:
        loaded: dict[str, Any] = yaml.safe_load(file)
    return loaded


def dialects(kind: str) -> Iterator[str]:
    """The dialects that have cases of that kind."""
    return (path.parent.name for path in sorted(HERE.glob(f"*/{kind}.yaml")))


def frame_of(case: Case) -> str | bytes:
    """The frame that a client sends."""
    if "json" in case:
        return json.dumps(case["json"], ensure_ascii=False)
    if "repeat" in case:
        parts = case["repeat"]
        return str(parts.get("before", "") + parts["unit"] * parts["times"] + parts.get("after", ""))
    if "base64" in case:
        return base64.b64decode(case["base64"])
    return str(case["text"])


def spelled(command: Command | msgspec.Struct) -> dict[str, Any]:
    """A command as the cases write it: its name, and what differs from the defaults."""
    if isinstance(command, Ping):
        return {"Ping": {"data": json.loads(bytes(command.data))}}
    return {type(command).__name__: _differing(command)}


def _differing(value: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(value):
        held = getattr(value, field.encode_name)
        if held == field.default:
            continue
        found[field.name] = (
            _differing(held) if isinstance(held, msgspec.Struct) else json.loads(msgspec.json.encode(held))
        )
    return found


def entries_of(case: Case) -> list[Entry]:
    """The log of a case."""
    entries: list[Entry] = []
    at = 0
    for seq, listed in enumerate(case["entries"]):
        fields = dict(listed)
        at = fields.pop("at", at)
        event: AnyEvent = msgspec.convert(fields, AnyEvent)
        entries.append(Entry(seq, BEGIN_MS + at, event))
    return entries
