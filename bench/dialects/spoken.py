"""How each dialect is asked and what its tokens look like on the wire. Another one is another entry in `SPOKEN`.

Where a dialect names no model, the server's default one answers, which is the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

Carrier = Literal["websocket", "event-stream", "socket.io"]
Body = dict[str, Any]
_QUESTION = "Count, please."


@dataclass(frozen=True, slots=True)
class Spoken:
    """A dialect as a client speaks it.

    Args:
        name: The dialect's name.
        carrier: What carries it.
        path: Where it is; `{session}` stands for a name that each client has for itself.
        ask: Makes the request for one answer, out of the model's name and the client's number.
        token: What each frame with new pieces of the answer holds, and no other frame.
    """

    name: str
    carrier: Carrier
    path: str
    ask: Callable[[str, int], Body]
    token: bytes

    def request(self, model: str, number: int) -> bytes:
        """The first client frame or the body of the request."""
        return msgspec.json.encode(self.ask(model, number))


def _message(number: int) -> Body:
    return {"id": f"m{number}", "role": "user", "content": _QUESTION, "parts": [{"type": "text", "text": _QUESTION}]}


CHAT = Spoken(
    "chat",
    "websocket",
    "/api/ws/chat",
    lambda model, _: {"type": "chat_request", "data": {"message": _QUESTION, "model": model}},
    b'"is_final":false',
)
SPOKEN: tuple[Spoken, ...] = (
    CHAT,
    Spoken(
        "stream",
        "websocket",
        "/api/ws",
        lambda _, number: {"type": "chat_stream", "data": {"message_id": f"m{number}", "message": _QUESTION}},
        b'"content_chunk"',
    ),
    Spoken(
        "session",
        "websocket",
        "/ws/chat/{session}",
        lambda model, _: {"type": "message", "content": _QUESTION, "model": model},
        b'"type":"chunk"',
    ),
    Spoken(
        "tokens",
        "event-stream",
        "/api/chat/stream",
        lambda model, _: {"message": _QUESTION, "model": model, "partial": False},
        b'"token":',
    ),
    Spoken(
        "study",
        "event-stream",
        "/api/v1/semantic_search_stream",
        lambda model, _: {"user_query": _QUESTION, "model": model},
        b'"type":"token"',
    ),
    Spoken(
        "openai",
        "event-stream",
        "/v1/chat/completions",
        lambda model, number: {"model": model, "stream": True, "messages": [_message(number)]},
        b'"delta":{"content":"',
    ),
    Spoken(
        "ai-sdk",
        "event-stream",
        "/api/ai/chat",
        lambda model, number: {"id": f"bench-{number}", "model": model, "messages": [_message(number)]},
        b'"type":"text-delta"',
    ),
    Spoken(
        "ai-sdk over WebSocket",
        "websocket",
        "/api/ai/ws",
        lambda model, number: {
            "type": "send",
            "requestId": f"r{number}",
            "id": f"bench-socket-{number}",
            "messages": [_message(number)],
            "headers": {},
            "body": {"model": model},
        },
        b'"type":"text-delta"',
    ),
    Spoken(
        "ag-ui",
        "event-stream",
        "/api/ag-ui",
        lambda model, number: {
            "threadId": f"bench-{number}",
            "runId": f"run-{number}",
            "messages": [_message(number)],
            "forwardedProps": {"model": model},
            "state": {},
            "tools": [],
            "context": [],
        },
        b'"type":"TEXT_MESSAGE_CONTENT"',
    ),
    Spoken(
        "tokens over Socket.IO",
        "socket.io",
        "/socket.io/?EIO=4&transport=websocket",
        lambda model, _: {"message": _QUESTION, "model": model, "partial": False},
        b'["chat_token"',
    ),
)
EMIT = "an emit per token"
"""python-socketio's own way, beside which the last of them stands."""
