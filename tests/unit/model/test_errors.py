"""Every error has a code of the protocol and a sentence that says what is the matter."""

from typing import get_args

from millrace.model import errors
from millrace.model.errors import ErrorCode, MillraceError, ProviderFailure


def classes(base: type[MillraceError] = MillraceError) -> list[type[MillraceError]]:
    return [base, *(found for child in base.__subclasses__() for found in classes(child))]


def test_every_code_has_its_class_and_every_class_its_code() -> None:
    assert {cls.code for cls in classes()} == set(get_args(ErrorCode))


def test_the_tree_at_the_top_of_the_file_is_whole() -> None:
    assert errors.__doc__ is not None
    for cls in classes():
        assert cls.__module__ != errors.__name__ or cls.__name__ in errors.__doc__


def test_sentences_are_for_people() -> None:
    for cls in classes():
        message = cls.default_message
        assert message.endswith((".", "?"))
        assert message[0].isupper()
        assert 400 <= cls.status < 600


def test_what_is_for_the_log_is_not_in_what_is_sent() -> None:
    error = ProviderFailure(detail="sk-secret")
    assert "sk-secret" not in str(error)
    assert (error.recoverable, error.retry_after) == (True, None)
