"""JSON Schema of the frames of `chat` and `stream`, from which the TypeScript types are generated."""

import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from millrace.dialects import chat_frames, stream_frames

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
Shapes = Mapping[str, type[msgspec.Struct]]


def chat_schema() -> dict[str, Any]:
    """The schema of `chat`."""
    return _dialect("MillraceChat", chat_frames.SERVER_FRAMES, chat_frames.CLIENT_FRAMES)


def stream_schema() -> dict[str, Any]:
    """The schema of `stream`."""
    return _dialect("MillraceStream", stream_frames.SERVER_FRAMES, stream_frames.CLIENT_FRAMES)


def _dialect(title: str, server: Shapes, client: Shapes) -> dict[str, Any]:
    """One schema document: `ServerFrame` and `ClientFrame` are unions over `type`, all data types under `$defs`."""
    shapes = (*server.values(), *dict.fromkeys(client.values()))
    _, components = msgspec.json.schema_components(shapes, ref_template="#/$defs/{name}")
    components["ServerFrame"] = _union(server, anything="pong")
    components["ClientFrame"] = _union(client, anything="ping")
    return {
        "$schema": _SCHEMA,
        "title": title,
        "anyOf": [{"$ref": "#/$defs/ServerFrame"}, {"$ref": "#/$defs/ClientFrame"}],
        "$defs": components,
    }


def _union(shapes: Shapes, *, anything: str) -> dict[str, Any]:
    """Frames told apart by `type`; one of them carries anything."""
    frames = [_frame(name, {"$ref": f"#/$defs/{shape.__name__}"}) for name, shape in shapes.items()]
    return {"anyOf": [*frames, _frame(anything, {})]}


def _frame(name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "title": "".join(part.title() for part in name.split("_")) + "Frame",
        "properties": {"type": {"const": name}, "data": data},
        "required": ["type", "data"],
    }


if __name__ == "__main__":
    schema = stream_schema() if sys.argv[1:] == ["stream"] else chat_schema()
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(schema)).decode() + "\n")
