"""What is wrong with the settings, in sentences: which one, where it can be set, what it should be."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_PREFIX = "MILLRACE_"


class SettingsError(Exception):
    """The settings cannot be used. `sentences` says why, one thing each."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__(" ".join(self.sentences))


def sentences(error: ValidationError, model: type[BaseModel], file: Path | None) -> list[str]:
    """One sentence for each mistake; never with the value, which may be a secret."""
    return [_sentence(detail, model, file) for detail in error.errors(include_url=False, include_input=False)]


def variable_name(location: Sequence[str | int]) -> str:
    """The environment variable that sets `location`."""
    return _PREFIX + "__".join(str(part) for part in location).upper()


def _sentence(detail: ErrorDetails, model: type[BaseModel], file: Path | None) -> str:
    location = detail["loc"]
    dotted = ".".join(str(part) for part in location)
    if detail["type"] == "extra_forbidden":
        known = _fields_at(model, location[:-1])
        close = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f' Did you mean "{".".join([*map(str, location[:-1]), close[0]])}"?' if close else ""
        where = f" in {file}" if file is not None else ""
        return f'There is no setting "{dotted}"{where}.{hint}'
    message = detail["msg"].removeprefix("Value error, ")
    if not location:
        return f"{message[:1].upper()}{message[1:]}."
    return f"The setting {dotted} ({variable_name(location)}) is wrong: {message[:1].lower()}{message[1:]}."


def _fields_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """The settings that exist under `location`."""
    current: Any = model
    for part in location:
        field = current.model_fields.get(part) if _is_model(current) else None
        annotation = field.annotation if field is not None else current
        models = [each for each in (annotation, *get_args(annotation)) if _is_model(each)]
        if not models:
            return []
        current = models[0]
    return sorted(current.model_fields)


def _is_model(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)
