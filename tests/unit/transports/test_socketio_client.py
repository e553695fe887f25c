from millrace.model.errors import NotFound, RateLimited
from millrace.transports.socketio_client import acknowledgement


def test_what_an_events_sender_is_told() -> None:
    assert acknowledgement(None) == {"ok": True}
    assert acknowledgement(NotFound("Not yours.")) == {
        "ok": False,
        "error": "Not yours.",
        "code": "NOT_FOUND",
        "recoverable": False,
    }
    assert acknowledgement(RateLimited(retry_after=3))["retry_after"] == 3
