"""The clients of the dialects' bench count every token once, whatever way the bytes are cut."""

import asyncio
from typing import cast

import pytest
from bench.dialects.clients import EventStreamAsker
from bench.dialects.measure import checks
from bench.dialects.spoken import CHAT, EMIT, SPOKEN
from bench.targets import Verdict
from hypothesis import given
from hypothesis import strategies as st

TOKENS = next(spoken for spoken in SPOKEN if spoken.name == "tokens")


class Sent(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: object) -> None:
        self.written += cast(bytes, data)


@given(st.lists(st.integers(1, 40), max_size=60))
def test_an_event_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    async def read() -> None:
        body = b"".join(b'id: t:%d\ndata: {"token":"%d:%016d ","count":%d}\n\n' % (n, n, n * 7, n) for n in range(10))
        counted: list[int] = []
        asker = EventStreamAsker(TOKENS, 10, counted.append, "secret")
        for cut in cuts:
            asker.data_received(body[:cut])
            body = body[cut:]
        asker.data_received(body)
        assert asker.tokens == sum(counted) == 10
        assert asker.done.is_set()

    asyncio.run(read())


async def test_a_request_is_a_post_of_json() -> None:
    sent = Sent()
    asker = EventStreamAsker(TOKENS, 1, lambda _: None, "secret")
    asker.connection_made(sent)
    asker.ask(TOKENS.request("sim", 3))
    head, _, body = sent.written.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/chat/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer secret\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


@pytest.mark.parametrize(("cost", "verdict"), [(13.0, Verdict.MET), (13.1, Verdict.SLACK), (17.0, Verdict.MISSED)])
def test_dialects_are_held_against_chat_and_socket_io_against_an_emit_per_token(cost: float, verdict: Verdict) -> None:
    # The second round ran on a slower processor, and something disturbed the third.
    costs = {spoken.name: [cost, 2 * cost, 5 * cost] for spoken in SPOKEN}
    costs |= {CHAT.name: [10.0, 20.0, 10.0], EMIT: [26.0, 52.0, 26.0]}
    assert [check.verdict for check in checks(costs, 1.25)] == [verdict] * (len(SPOKEN) - 1)
