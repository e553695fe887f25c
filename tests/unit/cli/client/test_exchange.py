"""The state machine against a server that a list of frames plays."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from millrace.cli.client.exchange import LOST, Effect, Exchange, Refetch, Renew, Send
from millrace.cli.client.notices import Began, Ended, Piece, Refused, Thought, ThoughtOver
from millrace.cli.client.shapes import StoredMessage
from millrace.model.messages import MessageError
from millrace.stream.digest import text_digest

COMMON = {"session_id": "s", "message_id": "m", "turn_id": "t", "timestamp": "2026-01-01T00:00:00.000Z"}


def frame(kind: str, **data: Any) -> bytes:
    return json.dumps({"type": kind, "data": {**COMMON, **data}}).encode()


def started(request_id: str | None = "r", **fields: Any) -> bytes:
    named = {} if request_id is None else {"request_id": request_id}
    data = {"thinking_mode": "system1", "model": "p/m", "user_message_id": "u", "user_message": "Why?"}
    return frame("thinking_started", seq=0, **{**data, **named, **fields})


def token(index: int, text: str, **fields: Any) -> bytes:
    return frame("content_token", **{"seq": index + 1, "token": text, "token_index": index, **fields})


def complete(text: str, seq: int, **fields: Any) -> bytes:
    data = {"full_message": text, "digest": text_digest(text), "metadata": {"model": "p/m"}}
    return frame("chat_complete", seq=seq, **{**data, **fields})


def error(code: str, **fields: Any) -> bytes:
    told = {"code": code, "message": "It did not work.", "recoverable": True}
    return frame("chat_error", **{"error": told, **fields})


def asked(session_id: str | None = None) -> Exchange:
    return Exchange.ask("Why?", request_id="r", session_id=session_id, model=None, reasoning=False)


def sent(effects: Sequence[Effect]) -> list[dict[str, Any]]:
    return [json.loads(effect.frame) for effect in effects if isinstance(effect, Send)]


def running() -> Exchange:
    exchange = asked()
    exchange.opened()
    exchange.received(started())
    return exchange


def test_a_question_and_its_answer() -> None:
    exchange = asked()
    assert sent(exchange.opened()) == [
        {"type": "chat_request", "data": {"message": "Why?", "request_id": "r", "enable_reasoning": False,
                                          "thinking_mode": "auto"}}
    ]  # fmt: skip
    assert exchange.received(started()) == [Began("s", "m", "t", "p/m", "Why?")]
    step = {"step_number": 1, "type": "synthesis", "content": "Hm.", "confidence": 0.5, "timestamp": "x"}
    assert exchange.received(frame("reasoning_step", seq=1, step=step)) == [Thought("synthesis", "Hm.", 0.5)]
    thought = frame("thinking_complete", seq=2, reasoning_summary="Hm.", total_steps=1, processing_time_ms=900)
    assert exchange.received(thought) == [ThoughtOver(900, 1)]
    assert exchange.received(thought) == [], "it was seen"
    assert exchange.received(token(0, "Be", seq=3)) == [Piece("Be")]
    assert exchange.received(token(1, "cause", seq=4)) == [Piece("cause")]
    assert exchange.received(token(2, "", seq=4, is_final=True)) == []
    (ended,) = exchange.received(complete("Because", 5))
    assert ended == Ended(status="complete", session_id="s", message_id="m", text="Because", metadata={"model": "p/m"})
    assert exchange.over
    assert exchange.received(token(3, "more")) == []


def test_other_turns_are_nothing_to_it() -> None:
    exchange = asked()
    exchange.opened()
    assert exchange.received(started("someone else's")) == []
    assert exchange.received(token(0, "x")) == []
    exchange.received(started())
    assert exchange.received(token(0, "x", turn_id="another")) == []
    assert exchange.received(error("NOT_FOUND", turn_id="another", request_id="another")) == []
    assert exchange.text == ""


def test_a_request_that_was_not_acknowledged_is_sent_again_under_its_id() -> None:
    exchange = asked()
    first = sent(exchange.opened())
    exchange.closed()
    assert sent(exchange.opened()) == first


def test_a_running_turn_is_resumed_behind_what_was_seen() -> None:
    exchange = running()
    exchange.received(token(0, "a"))
    exchange.received(token(1, "bcd", merged=3, seq=4))
    exchange.closed()
    assert sent(exchange.opened()) == [{"type": "chat_resume", "data": {"after_seq": 4, "turn_id": "t"}}]
    assert exchange.received(token(1, "bcd", merged=3, seq=4)) == []
    assert exchange.received(token(4, "e", seq=5)) == [Piece("e")]


@given(
    pieces=st.lists(st.text(min_size=1, max_size=3), max_size=12),
    lost_after=st.lists(st.integers(0, 16), max_size=6),
    merge=st.integers(1, 4),
)
def test_the_answer_is_the_same_however_often_the_connection_is_lost(
    pieces: list[str], lost_after: list[int], merge: int
) -> None:
    text = "".join(pieces)

    def served(after: int) -> list[bytes]:
        frames = [started()] if after < 0 else []
        index = max(after, 0)
        while index < len(pieces):
            some = pieces[index : index + merge]
            frames.append(token(index, "".join(some), merged=len(some), seq=index + len(some)))
            index += len(some)
        return [*frames, complete(text, len(pieces) + 1)]

    exchange, notices = asked(), list[Effect]()
    for cut in [*lost_after, 99]:
        if exchange.over:
            break
        (request,) = sent(exchange.opened())
        for each in served(request["data"].get("after_seq", -1))[:cut]:
            notices += exchange.received(each)
        exchange.closed()
    assert "".join(each.text for each in notices if isinstance(each, Piece)) == text
    assert [each for each in notices if isinstance(each, Began)] == [Began("s", "m", "t", "p/m", "Why?")]
    assert isinstance(notices[-1], Ended)
    assert (notices[-1].text, notices[-1].mended) == (text, False)


def test_a_gap_is_asked_for_once_and_nothing_is_shown_out_of_order() -> None:
    exchange = running()
    exchange.received(token(0, "a"))
    assert sent(exchange.received(token(2, "c"))) == [{"type": "chat_resume", "data": {"after_seq": 1, "turn_id": "t"}}]
    assert exchange.received(token(3, "d")) == []
    assert exchange.received(token(1, "b")) == [Piece("b")]
    assert exchange.received(token(2, "c")) == [Piece("c")]


def test_a_wrong_digest_fetches_the_stored_answer() -> None:
    exchange = running()
    exchange.received(token(0, "wrong"))
    assert exchange.received(complete("right", 2)) == [Refetch("s", "m", "t")]
    assert not exchange.over
    stored = StoredMessage("m", "s", "t", "assistant", "right", "complete", {"model": "p/m"})
    (ended,) = exchange.fetched(stored)
    assert isinstance(ended, Ended)
    assert (ended.text, ended.mended, ended.metadata) == ("right", True, {"model": "p/m"})


def test_what_was_to_be_fetched_is_fetched_on_the_next_connection() -> None:
    exchange = running()
    exchange.received(complete("right", 1))
    exchange.closed()
    assert exchange.opened() == [Refetch("s", "m", "t")]


def test_a_stop_waits_until_the_turn_is_known() -> None:
    exchange = asked()
    assert exchange.stop() == []
    exchange.opened()
    assert sent(exchange.received(started())) == [{"type": "chat_stop", "data": {"session_id": "s"}}]
    exchange.received(token(0, "Be"))
    digest = text_digest("Be")
    (ended,) = exchange.received(
        frame("chat_cancelled", seq=2, partial_message="Be", tokens_generated=1, digest=digest, cancelled_by="user")
    )
    assert isinstance(ended, Ended)
    assert (ended.status, ended.text) == ("cancelled", "Be")


def test_a_stop_that_comes_too_late_changes_nothing() -> None:
    exchange = running()
    assert len(exchange.stop()) == 1
    assert exchange.received(error("NO_ACTIVE_STREAM", turn_id=None)) == []
    assert not exchange.over


def test_a_stop_is_told_again_after_a_loss() -> None:
    exchange = running()
    exchange.closed()
    assert exchange.stop() == []
    assert [each["type"] for each in sent(exchange.opened())] == ["chat_resume", "chat_stop"]


def test_a_turn_that_fails_keeps_its_text() -> None:
    exchange = running()
    exchange.received(token(0, "Be"))
    (ended,) = exchange.received(error("INTERRUPTED", seq=2, partial_message="Be"))
    assert isinstance(ended, Ended)
    assert (ended.status, ended.text) == ("failed", "Be")
    assert ended.problem is not None
    assert ended.problem.code == "INTERRUPTED"


def test_a_request_that_is_refused_is_over() -> None:
    exchange = asked()
    exchange.opened()
    told = {"code": "RATE_LIMIT", "message": "Too fast.", "recoverable": True, "retry_after": 3.0}
    (refused,) = exchange.received(frame("chat_error", error=told, request_id="r", turn_id=None))
    assert isinstance(refused, Refused)
    assert (refused.problem.code, refused.problem.retry_after) == ("RATE_LIMIT", 3.0)


def test_an_expired_sign_in_is_renewed_once() -> None:
    exchange = asked()
    exchange.opened()
    refusal = error("UNAUTHORIZED", request_id="r", turn_id=None)
    assert exchange.received(refusal) == [Renew()]
    exchange.closed()
    exchange.opened()
    (refused,) = exchange.received(refusal)
    assert isinstance(refused, Refused)


def test_a_turn_that_cannot_be_resumed_is_looked_up() -> None:
    exchange = running()
    exchange.closed()
    exchange.opened()
    refusal = error("NO_ACTIVE_STREAM")
    assert exchange.received(refusal) == [Refetch("s", "m", "t")]
    assert exchange.fetched(None) == [Refused(LOST)]

    exchange = running()
    exchange.received(refusal)
    failed = StoredMessage("m", "s", "t", "assistant", "", "failed", None, MessageError("INTERRUPTED", "It died."))
    (ended,) = exchange.fetched(failed)
    assert isinstance(ended, Ended)
    assert ended.problem is not None
    assert ended.problem.message == "It died."

    exchange = running()
    exchange.received(refusal)
    assert exchange.still_running() == [Renew(at_once=False)]
    exchange.closed()
    assert [each["type"] for each in sent(exchange.opened())] == ["chat_resume"]


def test_an_answer_that_is_being_written_is_followed_from_its_beginning() -> None:
    exchange = Exchange.follow("t", session_id="s", message_id="m")
    assert sent(exchange.opened()) == [{"type": "chat_resume", "data": {"after_seq": -1, "turn_id": "t"}}]
    assert exchange.received(started(None)) == [Began("s", "m", "t", "p/m", "Why?")]
    assert exchange.received(token(0, "Be")) == [Piece("Be")]


def test_an_answer_is_written_again() -> None:
    exchange = Exchange.regenerate("m", request_id="r", session_id="s", model="p/m", reasoning=True)
    ((request),) = sent(exchange.opened())
    assert request["type"] == "chat_regenerate"
    assert request["data"]["message_id"] == "m"
    assert request["data"]["model"] == "p/m"
    assert exchange.received(started()) != []


def test_what_cannot_be_read_ends_it_with_a_sentence_and_what_is_new_is_left_alone() -> None:
    exchange = running()
    assert exchange.received(b'{"type":"pong","data":null}') == []
    assert exchange.received(b'{"type":"from_the_future","data":{"seq":7}}') == []
    (refused,) = exchange.received(b"no JSON")
    assert isinstance(refused, Refused)
    assert exchange.over
