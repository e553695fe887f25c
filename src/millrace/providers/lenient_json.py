"""JSON as lenient writers write it, made fit for strict readers. Pure."""

import json


def repaired(data: bytes, *, first: bool = False) -> bytes:
    """The same JSON as strict readers want it: valid UTF-8, no lone surrogates, no NaN.

    Args:
        data: JSON as lenient writers write it.
        first: Give the first item of the list instead of the list.

    Raises:
        ValueError: It is no JSON, or nested too deeply.
    """
    try:
        value = json.loads(data.decode("utf-8", "replace"), parse_constant=lambda _: None, strict=False)
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error
    if first and isinstance(value, list):
        value = value[0] if value else {}
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
