"""What every dialect asks of a client's JSON, and the sentences for what is wrong with it."""

from typing import Any

import msgspec

from millrace.model.errors import InvalidRequest

ID_CHARS = 200
"""The longest id that a client may make up."""
CORRECT = "Correct it and send the message again."


def json_object(frame: str | bytes) -> dict[str, Any]:
    """The fields of a frame, unchecked.

    Raises:
        InvalidRequest: It is no JSON object.
    """
    try:
        # As text, because not everything that a decoder of bytes lets pass is UTF-8.
        fields = msgspec.json.decode(frame if isinstance(frame, str) else frame.decode())
    except RecursionError as error:
        raise InvalidRequest(f"The message is nested too deeply. {CORRECT}") from error
    except ValueError as error:  # not JSON, not UTF-8, or a number of thousands of digits
        raise InvalidRequest("The message is not valid JSON. Send one JSON object per frame.") from error
    if not isinstance(fields, dict):
        raise InvalidRequest("The message is no JSON object. Send one JSON object per frame.")
    return fields


def wrong_field(error: msgspec.ValidationError, *, whole: str = "") -> str:
    """A sentence out of msgspec's words, which end in `- at `$.field`` unless the `whole` is meant."""
    what, _, where = str(error).partition(" - at ")
    field = where.strip("`").removeprefix("$").removeprefix(".") or whole
    return f"{what} in the field {field!r}. {CORRECT}" if field else f"{what}. {CORRECT}"


def check_user(fields: dict[str, Any], user_id: str) -> None:
    """Whoever a message claims to be, it is the user of the token, or refused: in every type of message.

    Raises:
        InvalidRequest: It claims to be somebody else.
    """
    if fields.get("user_id") not in (None, user_id):
        raise InvalidRequest("The field 'user_id' is not the user who is signed in. Leave it out or correct it.")


def checked_id(name: str, value: str | None) -> str | None:
    """An id that a client made up; none where it is empty.

    Raises:
        InvalidRequest: It is too long.
    """
    if value is not None and len(value) > ID_CHARS:
        raise InvalidRequest(f"The field {name!r} is longer than {ID_CHARS} characters. Use a UUID.")
    return value or None


def id_in(fields: dict[str, Any], name: str) -> str | None:
    """An id in a message, however wrong the rest of it is, for the error to name."""
    value = fields.get(name)
    return value[:ID_CHARS] if isinstance(value, str) else None
