import json
from typing import Any

import pytest

from millrace.dialects.study import KEEP_ALIVE, Completion, Search, StudyDialect, decode_completion
from millrace.model.errors import InvalidRequest, RateLimited


def decoded(**fields: Any) -> Completion:
    return decode_completion(json.dumps(fields).encode(), "ana")


def test_a_completion() -> None:
    assert decoded(message="Why?") == Completion(Search("Why?"))
    assert decoded(message="Why?", class_name="C", docId="d1", chatSessionId="s1", ephemeral=True) == Completion(
        Search("Why?", class_name="C", document_id="d1"), "s1", ephemeral=True
    )
    assert decoded(retry=True, chatSessionId="s1", docId="null") == Completion(Search(""), "s1", retry=True)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"message": 5}, "'message'"),
        ({"message": "a", "retry": "yes"}, "'retry'"),
        ({"retry": True}, "'chatSessionId' is missing"),
        ({"retry": True, "chatSessionId": "s", "ephemeral": True}, "do not go together"),
        ({"message": "a", "chatSessionId": "s" * 201}, "longer than 200"),
        ({"message": "a", "user_id": "ben"}, "'user_id'"),
    ],
)
def test_a_bad_completion_is_told_what_is_wrong(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decoded(**fields)
    assert says in caught.value.message


def test_records_outside_the_log_have_no_id() -> None:
    assert json.loads(KEEP_ALIVE.removeprefix(b"data: ")) == {"type": "keepalive"}
    record = StudyDialect().error(RateLimited("Wait.", retry_after=2))
    assert json.loads(record.removeprefix(b"data: ")) == {
        "type": "error",
        "message": "Wait.",
        "code": "RATE_LIMIT",
        "recoverable": True,
        "retryAfter": 2,
    }
