"""The usual: the chat server that most people write first.

FastAPI on uvicorn with its defaults, the `openai` SDK upstream, `send_json` per token. It stores and checks nothing.
"""

import socket
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from openai import APIError, AsyncOpenAI

from bench.yardsticks.arguments import read_arguments


async def answer(websocket: WebSocket, client: AsyncOpenAI, request: dict[str, Any]) -> None:
    """Stream the provider's answer to `request` as frames of the chat dialect."""
    ids = {"session_id": str(uuid4()), "message_id": str(uuid4())}

    async def send(kind: str, **data: Any) -> None:
        now = datetime.now(UTC).isoformat()
        await websocket.send_json({"type": kind, "data": {**ids, "timestamp": now, **data}})

    await send("thinking_started", thinking_mode="system1")
    full, index = "", 0
    messages: list[Any] = [{"role": "user", "content": request["message"]}]
    stream = await client.chat.completions.create(model=request["model"], messages=messages, stream=True)
    async for chunk in stream:
        token = chunk.choices[0].delta.content if chunk.choices else None
        if token:
            await send("content_token", token=token, token_index=index, is_final=False)
            full += token
            index += 1
    await send("content_token", token="", token_index=index, is_final=True)
    await send("chat_complete", full_message=full, metadata={"model": request["model"]})


def create_app(upstream: str) -> FastAPI:
    """Build the application that relays to the provider at `upstream`."""
    app = FastAPI()
    client = AsyncOpenAI(base_url=upstream, api_key="bench")

    @app.websocket("/api/ws/chat")
    async def chat(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            while True:
                message = await websocket.receive_json()
                if message["type"] == "ping":
                    await websocket.send_json({"type": "pong", "data": message["data"]})
                    continue
                try:
                    await answer(websocket, client, message["data"])
                except APIError as error:
                    failure = {"code": "PROVIDER_FAILURE", "message": str(error), "recoverable": True}
                    await websocket.send_json({"type": "chat_error", "data": {"error": failure}})
        except WebSocketDisconnect:
            return

    return app


def serve(upstream: str, port: int) -> None:
    """Serve on `port` (0: any free one) until killed."""
    config = uvicorn.Config(create_app(upstream), log_level="warning")
    with socket.create_server(("127.0.0.1", port), backlog=4096) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    arguments = read_arguments(__doc__)
    serve(arguments.upstream, arguments.port)
