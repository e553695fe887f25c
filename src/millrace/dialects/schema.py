"""JSON Schema of the `chat` frames, from which the TypeScript types are generated."""

import sys
from typing import Any

import msgspec

from millrace.dialects.chat_frames import CLIENT_FRAMES, SERVER_FRAMES

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def chat_schema() -> dict[str, Any]:
    """One schema document: `ServerFrame` and `ClientFrame` are unions over `type`, all data types under `$defs`."""
    shapes = (*SERVER_FRAMES.values(), *dict.fromkeys(CLIENT_FRAMES.values()))
    _, components = msgspec.json.schema_components(shapes, ref_template="#/$defs/{name}")
    components["ServerFrame"] = _union({name: shape.__name__ for name, shape in SERVER_FRAMES.items()})
    components["ClientFrame"] = _union({name: shape.__name__ for name, shape in CLIENT_FRAMES.items()})
    return {
        "$schema": _SCHEMA,
        "title": "MillraceChat",
        "anyOf": [{"$ref": "#/$defs/ServerFrame"}, {"$ref": "#/$defs/ClientFrame"}],
        "$defs": components,
    }


def _union(shapes: dict[str, str]) -> dict[str, Any]:
    """Frames told apart by `type`; `ping` and `pong` carry anything."""
    frames = [_frame(name, {"$ref": f"#/$defs/{shape}"}) for name, shape in shapes.items()]
    frames.append(_frame("pong" if "chat_error" in shapes else "ping", {}))
    return {"anyOf": frames}


def _frame(name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "title": "".join(part.title() for part in name.split("_")) + "Frame",
        "properties": {"type": {"const": name}, "data": data},
        "required": ["type", "data"],
    }


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(chat_schema())).decode() + "\n")
