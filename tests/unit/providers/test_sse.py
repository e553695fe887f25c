import time

import pytest

from millrace.providers.sse import EventTooLarge, SseDecoder, SseEvent


def decode(*chunks: bytes) -> list[SseEvent]:
    decoder = SseDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def every_way(stream: bytes) -> list[SseEvent]:
    """The events of a stream, after checking that whole, byte by byte, 7s and every single cut agree."""
    whole = decode(stream)
    assert decode(*(stream[i : i + 1] for i in range(len(stream)))) == whole
    assert decode(*(stream[i : i + 7] for i in range(0, len(stream), 7))) == whole
    for cut in range(len(stream)):
        assert decode(stream[:cut], stream[cut:]) == whole
        assert decode(stream[:cut], b"", stream[cut:]) == whole
    return whole


def data(stream: bytes) -> list[bytes]:
    return [event.data for event in every_way(stream)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends(end: bytes) -> None:
    # A CR at the very end stays open to an LF that would belong to it, and ends its line all the same.
    assert data(end.join([b"data: a", b"", b"data: b", b"data: c", b"", b""])) == [b"a", b"b\nc"]


def test_line_ends_mixed() -> None:
    assert data(b"data: a\r\n\ndata: b\r\rdata: c\n\r\ndata: d\r\n\r\n") == [b"a", b"b", b"c", b"d"]


def test_carriage_return_at_the_end_of_a_chunk_belongs_to_the_line_feed_of_the_next() -> None:
    assert decode(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == [SseEvent(b"a\nb")]


def test_carriage_return_alone_ends_the_line_at_once() -> None:
    assert decode(b"data: a\r\r") == [SseEvent(b"a")]


def test_byte_order_mark_at_the_start_is_dropped() -> None:
    assert data(b"\xef\xbb\xbfdata: a\n\n") == [b"a"]


def test_byte_order_mark_later_is_part_of_the_line() -> None:
    assert data(b"data: a\n\n\xef\xbb\xbfdata: b\n\ndata: \xef\xbb\xbfc\n\n") == [b"a", b"\xef\xbb\xbfc"]


def test_a_beginning_like_a_byte_order_mark_is_kept() -> None:
    assert data(b"\xef\xbb: x\ndata: a\n\n") == [b"a"]


def test_comments_anywhere() -> None:
    assert data(
        b": first\n\n:\ndata: a\n: between\ndata: b\n\n: OPENROUTER PROCESSING\n\ndata: c\n:no blank line\n\n:x"
    ) == [
        b"a\nb",
        b"c",
    ]


def test_spaces_after_the_colon() -> None:
    assert data(b"data:x\n\ndata: x\n\ndata:  x\n\ndata\n\n") == [b"x", b"x", b" x", b""]


def test_data_lines_are_joined() -> None:
    assert data(b'data: {"a":\ndata: 1}\n\ndata\ndata\n\n') == [b'{"a":\n1}', b"\n"]


def test_unterminated_event_is_offered_at_the_end() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\n\ndata: b") == [SseEvent(b"a")]
    assert decoder.close() == SseEvent(b"b")
    assert SseDecoder().close() is None


def test_unterminated_event_with_all_its_lines() -> None:
    decoder = SseDecoder()
    decoder.feed(b"event: error\ndata: a\ndata: b\n")
    assert decoder.close() == SseEvent(b"a\nb", "error")


def test_id_stays_until_it_changes() -> None:
    events = every_way(b"id: 1\ndata: a\n\ndata: b\n\nid: 2\x00\ndata: c\n\nid\ndata: d\n\ndata: e\n\n")
    assert [event.id for event in events] == ["1", "1", "1", "", ""]


def test_blocks_without_data_are_not_dispatched_and_reset_the_name() -> None:
    assert every_way(b"id: 7\n\nretry: 10\n\nevent: error\n\ndata: a\n\nunknown: x\nunknown\n\n") == [
        SseEvent(b"a", "", "7")
    ]


def test_event_name_belongs_to_one_event() -> None:
    assert every_way(b"event: error\ndata: a\n\ndata: b\n\n") == [SseEvent(b"a", "error"), SseEvent(b"b")]


@pytest.mark.parametrize(
    ("value", "retry"), [(b"3000", 3000), (b"3s", None), (b"-1", None), (b"\xd9\xa3", None), (b"", None)]
)
def test_retry(value: bytes, retry: int | None) -> None:
    decoder = SseDecoder()
    decoder.feed(b"retry: " + value + b"\n\n")
    assert decoder.retry == retry


def test_only_cr_and_lf_end_lines() -> None:
    line = "data: a\u2028b\u2029c\x85d\x0be\x0cf 🎈 e\u0301\n\n".encode()
    assert data(line) == [line[6:-2]]


def test_invalid_utf8_becomes_a_replacement_character() -> None:
    (event,) = every_way(b"data: a\xff\xe2\x82b\n\n")
    assert event.text == "a\ufffd\ufffdb"


def test_one_event_per_chunk() -> None:
    assert decode(b"data: a\n\n", b"data: b\n\n", b"data: c\nid: 1\n\n", b"data: d\n\n") == [
        SseEvent(b"a"),
        SseEvent(b"b"),
        SseEvent(b"c", "", "1"),
        SseEvent(b"d", "", "1"),
    ]


def test_event_at_the_limit_passes() -> None:
    assert [event.data for event in SseDecoder(10).feed(b"data: 0123456789\n\n")] == [b"0123456789"]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: 0123456789a\n\n"],
        [b"data: x\n\n", b"data: 0123456789a\n\n"],
        [b"data: 012345\ndata: 6789a\n\n"],
        [b"data: 012345\n", b"data: 6789a\n"],
        [b": endless comment"],
        [b"x"] * 11,
    ],
)
def test_event_over_the_limit(chunks: list[bytes]) -> None:
    decoder = SseDecoder(10)
    for chunk in chunks[:-1]:
        decoder.feed(chunk)
    with pytest.raises(EventTooLarge):
        decoder.feed(chunks[-1])


def test_many_small_events_do_not_reach_the_limit() -> None:
    decoder = SseDecoder(40)
    assert (
        sum(len(decoder.feed(b"data: 0123456789\n\ndata: 01")) + len(decoder.feed(b"23\r\n\r\n")) for _ in range(50))
        == 100
    )


def test_endless_line_keeps_memory_and_time_bounded() -> None:
    decoder = SseDecoder(1 << 20)
    began = time.process_time()
    for _ in range(1 << 13):
        assert decoder.feed(b"x" * 128) == []
    with pytest.raises(EventTooLarge):
        decoder.feed(b"x")
    assert time.process_time() - began < 1


def test_hundred_thousand_tiny_events_in_one_chunk_take_linear_time() -> None:
    began = time.process_time()
    small = len(SseDecoder().feed(b"data: x\n\n" * 10_000))
    first = time.process_time() - began
    began = time.process_time()
    large = len(SseDecoder().feed(b"data: x\n\n" * 100_000))
    assert (small, large) == (10_000, 100_000)
    assert time.process_time() - began < 40 * first + 0.1


def test_a_long_line_in_small_pieces_takes_linear_time() -> None:
    decoder = SseDecoder()
    began = time.process_time()
    for _ in range(200_000):
        decoder.feed(b"data: x"[:7])
    assert time.process_time() - began < 2
    assert [len(event.data) for event in decoder.feed(b"\n\n")] == [7 * 200_000 - 6]


@pytest.mark.parametrize(
    "block",
    [
        b"event: x\ndata: a\n\n",
        b"event:  x\ndata:  a\n\n",
        b"event: \ndata: \n\n",
        b"event: x\n\n",
        b"event: x\ndata: a\ndata: b\n\n",
        b"event: x\ndata: a\nid: 3\n\n",
        b"event: x\nevent: y\ndata: a\n\n",
        b"event: x\ndata: a\n\ndata: b\n\n",
        b"event: \xff\ndata: \xff\n\n",
        b"event: x\ndata: a\n\n\n\n",
    ],
)
def test_named_events_in_one_piece_and_in_many_are_the_same(block: bytes) -> None:
    every_way(b"data: first\n\n" + block + b"data: last\n\n")
    whole, pieces = SseDecoder(), SseDecoder()
    assert whole.feed(b"data: first\n\n") == pieces.feed(b"data: first\n\n")
    assert whole.feed(block) == [event for at in range(len(block)) for event in pieces.feed(block[at : at + 1])]
    assert whole.feed(b"data: last\n\n") == pieces.feed(b"data: last\n\n")


def test_a_named_event_over_the_limit() -> None:
    decoder = SseDecoder(20)
    decoder.feed(b"\n")
    with pytest.raises(EventTooLarge):
        decoder.feed(b"event: x\ndata: " + b"y" * 30 + b"\n\n")
