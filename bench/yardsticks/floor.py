"""The floor: what a relay costs in Python when it does nothing but relay.

uvloop and picows, callbacks instead of coroutines, one regular expression instead of HTTP, SSE and JSON parsing, one
WebSocket frame per token. It is right only for the bench's own feed (well-formed events, none cut, no quotes inside a
token) and is no model of a server.
"""

import asyncio
import re
from typing import cast
from urllib.parse import urlsplit

import msgspec
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

from bench.yardsticks.arguments import read_arguments

CONTENT = re.compile(rb'"content": ?"([^"]+)"')
END_OF_EVENT = b"\n\n"
TEXT = WSMsgType.TEXT

THINKING = b'{"type":"thinking_started","data":{"session_id":"s","message_id":"m","thinking_mode":"system1"}}'
TOKEN_HEAD = b'{"type":"content_token","data":{"session_id":"s","message_id":"m","token":"'
TOKEN = TOKEN_HEAD + b'%b","token_index":%d,"is_final":false}}'
LAST_TOKEN = TOKEN_HEAD + b'","token_index":%d,"is_final":true}}'
COMPLETE = b'{"type":"chat_complete","data":{"session_id":"s","message_id":"m","full_message":"%b"}}'
ERROR = (
    b'{"type":"chat_error","data":{"error":{"code":"PROVIDER_FAILURE",'
    b'"message":"The feed closed the connection before the end of the answer.","recoverable":true}}}'
)


class ChatRequestData(msgspec.Struct, frozen=True):
    """What the floor needs of a chat request."""

    message: str = ""
    model: str = ""


class ClientFrame(msgspec.Struct, frozen=True):
    """A frame of the client: a `chat_request` or a `ping`."""

    type: str
    data: ChatRequestData = ChatRequestData()


class Upstream(asyncio.Protocol):
    """One request to the provider, whose tokens become frames as they arrive."""

    def __init__(self, client: WSTransport, request: bytes) -> None:
        self._client = client
        self._request = request
        self._tail = b""
        self._tokens: list[bytes] = []
        self._ended = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request at once."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Relay each token of the whole events in `data`."""
        data = self._tail + data
        end = data.rfind(END_OF_EVENT)
        self._tail = data[end + 2 :] if end >= 0 else data
        tokens, send = self._tokens, self._client.send
        for token in CONTENT.findall(data, 0, max(end, 0)):
            send(TEXT, TOKEN % (token, len(tokens)))
            tokens.append(token)
        if b"[DONE]" in data:
            self._finish()

    def _finish(self) -> None:
        self._ended = True
        self._client.send(TEXT, LAST_TOKEN % len(self._tokens))
        self._client.send(TEXT, COMPLETE % b"".join(self._tokens))
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's signature)
        """Tell the client when the answer broke off."""
        if not self._ended:
            self._client.send(TEXT, ERROR)

    def abort(self) -> None:
        """Close the connection to the provider."""
        if self._transport is not None:
            self._transport.close()

    def pause(self) -> None:
        """Read nothing more from the provider while the client does not read."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None:
            self._transport.resume_reading()


class Connection(WSListener):
    """One client. A new request while another runs is not handled: the load generator never does that."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._host, self._port, self._path = host, port, path
        self._upstream: Upstream | None = None
        self._connecting: asyncio.Task[object] | None = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Start a turn, or answer a ping."""
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close()
            transport.disconnect()
            return
        payload = frame.get_payload_as_bytes()
        message = msgspec.json.decode(payload, type=ClientFrame)
        if message.type == "ping":
            transport.send(TEXT, payload.replace(b'"ping"', b'"pong"', 1))
            return
        transport.send(TEXT, THINKING)
        self._upstream = Upstream(transport, self._request(message.data))
        connecting = asyncio.get_running_loop().create_connection(lambda: self._protocol, self._host, self._port)
        self._connecting = asyncio.ensure_future(connecting)

    @property
    def _protocol(self) -> Upstream:
        assert self._upstream is not None
        return self._upstream

    def _request(self, data: ChatRequestData) -> bytes:
        messages = [{"role": "user", "content": data.message}]
        body = msgspec.json.encode({"model": data.model, "stream": True, "messages": messages})
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nAuthorization: Bearer bench\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002  (picows's signature)
        """Stop the provider too."""
        if self._upstream is not None:
            self._upstream.abort()

    def pause_writing(self) -> None:
        """The client does not read: hold the provider back."""
        if self._upstream is not None:
            self._upstream.pause()

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._upstream is not None:
            self._upstream.resume()


async def serve(upstream: str, port: int) -> None:
    """Relay between clients on `port` (0: any free one) and the provider at `upstream`, until killed."""
    parts = urlsplit(upstream)
    host, upstream_port, path = parts.hostname or "127.0.0.1", parts.port or 80, f"{parts.path}/chat/completions"
    server = await ws_create_server(lambda _: Connection(host, upstream_port, path), "127.0.0.1", port, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = read_arguments(__doc__)
    uvloop.run(serve(arguments.upstream, arguments.port))
