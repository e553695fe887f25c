"""What a turn failed with is the same error again when its log is read."""

import pytest

from millrace.model.errors import ContextTooLong, Interrupted, MillraceError, ProviderTimeout, StreamError
from millrace.model.events import TurnFailed
from millrace.model.failures import failed_turn


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("PROVIDER_TIMEOUT", ProviderTimeout),
        ("PROVIDER_FAILURE", MillraceError),
        ("CONTEXT_TOO_LONG", ContextTooLong),
        ("INTERRUPTED", Interrupted),
        ("SOMETHING_NEWER", StreamError),
    ],
)
def test_a_turns_failure_is_the_error_it_was(code: str, kind: type[MillraceError]) -> None:
    error = failed_turn(TurnFailed(code=code, message="So it was.", recoverable=True, digest="", retry_after=4))
    assert isinstance(error, kind)
    assert (error.message, error.retry_after, error.recoverable) == ("So it was.", 4, True)
    assert error.code == (code if code != "SOMETHING_NEWER" else "STREAM_ERROR")
