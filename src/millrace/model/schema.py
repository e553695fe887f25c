"""JSON Schema of the canonical events and messages, from which the TypeScript types are generated."""

import sys
from typing import Any

import msgspec

from millrace.model.events import AnyEvent, Entry
from millrace.model.messages import FoldedMessage

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def model_schema() -> dict[str, Any]:
    """One schema document: each type under `$defs`, `Entry` as its root."""
    types = (Entry, FoldedMessage, AnyEvent)
    _, components = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    return {"$schema": _SCHEMA, "title": "MillraceModel", "$ref": "#/$defs/Entry", "$defs": components}


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(model_schema())).decode() + "\n")
