"""Frames reach a client in order, whichever way they go."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from engineio.packet import NOOP, Packet

from millrace.transports.pump import ConnectionClosed
from millrace.transports.socketio_wire import Line, Wire
from millrace.transports.websocket import FRAMES_EXTENSION, Close


class Room:
    """What a server of our own offers: frames in one write."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.full = False

    def offer(self, frames: Sequence[bytes], prefix: bytes = b"") -> bool:
        if self.full:
            return False
        self.sent += [(prefix + frame).decode() for frame in frames]
        return True

    async def send(self, message: Any) -> None:
        if message["type"] == FRAMES_EXTENSION:
            self.sent += [frame.decode() for frame in message["frames"]]
        else:
            self.sent.append(message.get("text") or str(message))


class Socket:
    """The part of an Engine.IO socket that is used, and its writer."""

    def __init__(self, *, upgraded: bool = False) -> None:
        self.queue: asyncio.Queue[Packet] = asyncio.Queue()
        self.upgraded = upgraded

    async def send(self, packet: Packet) -> None:
        await self.queue.put(packet)

    async def fetch(self) -> list[str]:
        """What a poll gets."""
        packets = [await self.queue.get()]
        while not self.queue.empty():
            packets.append(self.queue.get_nowait())
        for _ in packets:
            self.queue.task_done()
        return [packet.encode() for packet in packets]


def line_of(room: Room) -> Line:
    async def receive() -> Any:
        return {"type": "websocket.receive", "text": "hello"}

    scope = {"type": "websocket", "extensions": {FRAMES_EXTENSION: {"offer": room.offer}}}
    return Line(scope, receive, room.send)


def frames(*numbers: int) -> list[bytes]:
    return [b'["e",%d]' % number for number in numbers]


def packets(*numbers: int) -> list[str]:
    return [f'42["e",{number}]' for number in numbers]


async def test_who_polls_gets_a_few_at_a_time_once_the_ones_before_are_fetched() -> None:
    socket = Socket()
    wire = Wire(socket, None)
    assert not wire.offer(frames(0))
    sending = asyncio.create_task(wire.send(frames(*range(10))))
    assert await socket.fetch() == packets(*range(8))
    assert await socket.fetch() == packets(8, 9)
    await sending


async def test_over_a_websocket_frames_go_the_direct_way_once_what_was_queued_is_out() -> None:
    room, socket = Room(), Socket(upgraded=True)
    line = line_of(room)
    wire = Wire(socket, line)
    sending = asyncio.create_task(wire.send(frames(1)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not wire.offer(frames(2)), "the first is still on its way"
    for text in await socket.fetch():
        await line.send({"type": "websocket.send", "text": text, "bytes": None})
    await sending
    assert wire.offer(frames(2, 3))
    room.full = True
    assert not wire.offer(frames(4))
    await wire.send(frames(4))
    assert room.sent == packets(1, 2, 3, 4)


async def test_one_who_comes_from_polling_gets_the_queue_first() -> None:
    room, socket = Room(), Socket()
    wire = Wire(socket, None)
    await wire.send(frames(1))
    socket.upgraded, wire.line = True, line_of(room)
    await socket.send(Packet(NOOP))
    sending = asyncio.create_task(wire.send(frames(2)))
    for expected in ([*packets(1), "6"], packets(2)):
        texts = await socket.fetch()
        assert texts == expected
        for text in texts:
            await wire.line.send({"type": "websocket.send", "text": text, "bytes": None})
    await sending
    assert wire.offer(frames(3))
    assert room.sent == [*packets(1), "6", *packets(2, 3)]


async def test_nobody_waits_for_one_who_is_gone() -> None:
    wire = Wire(Socket(), None)
    await wire.send(frames(1))
    sending = asyncio.create_task(wire.send(frames(2)))
    await asyncio.sleep(0)
    wire.close()
    with pytest.raises(ConnectionClosed):
        await sending
    with pytest.raises(ConnectionClosed):
        wire.offer(frames(3))


async def test_a_text_that_is_no_packet_is_left_to_who_reads_packets() -> None:
    assert (await line_of(Room()).receive())["text"] == "4hello"


async def test_who_is_turned_away_is_not_listened_to_and_told_why() -> None:
    room = Room()
    line = line_of(room)
    line.turn_away(Close(1008, "Too many"))
    assert (await line.receive())["type"] == "websocket.disconnect"
    await line.send({"type": "websocket.close"})
    assert room.sent == [str(Close(1008, "Too many").message())]
