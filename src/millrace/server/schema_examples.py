"""What the answers of the HTTP interface look like, for its description."""

from typing import Any

WHEN = "2026-03-01T09:30:00.000Z"
SESSION: Any = {
    "id": "5b0c1c86-6f0e-4a3a-9d0f-1d6a7c1f2b10",
    "title": "Why the sky is blue",
    "created_at": WHEN,
    "updated_at": WHEN,
    "message_count": 2,
    "pinned": False,
}
METADATA: Any = {
    "provider_used": "openai",
    "model": "openai/gpt-5-mini",
    "tokens_used": 60,
    "usage": {"input_tokens": 18, "output_tokens": 42},
    "cost": 0.00009,
    "response_time_ms": 1240,
    "time_to_first_token_ms": 310,
    "category_detected": None,
    "rag_enabled": False,
    "finish_reason": "stop",
}
MESSAGE: Any = {
    "id": "0d6e6a3e-33c4-44f5-a5c1-0a4f5f7c9a01",
    "session_id": SESSION["id"],
    "turn_id": "a1f3c9de-5a77-4c53-8a1d-52b3f0a0c7b2",
    "role": "assistant",
    "content": "Air scatters blue light more than red.",
    "status": "complete",
    "created_at": WHEN,
    "version": 1,
    "version_count": 1,
    "reasoning": None,
    "metadata": METADATA,
    "error": None,
    "reactions": ["like"],
}
USER: Any = {"id": "user-7f3a", "name": "Ada", "kind": "account"}
TICKET: Any = {"ticket": "uJ8w1mWc3k2Qy0ZrT5eXv9bA4hLsNdPq", "expires_in": 30}
KEY: Any = {
    "id": "3f9a0c51b7de",
    "prefix": "mr_3f9a0c51b7de",
    "name": "notebook",
    "scopes": ["chat"],
    "created_at": WHEN,
    "expires_at": None,
    "last_used_at": None,
    "revoked_at": None,
    "key": "mr_3f9a0c51b7de_4Jm1yFz0W8kXq2VtB6nRc9LhPdEaUsGoIwMbZxKjTfY",
}
SESSIONS: Any = {"sessions": [SESSION], "pinned": [], "next_cursor": None}
SESSION_DETAIL: Any = {"session": SESSION, "messages": [MESSAGE], "running": []}
ANSWER: Any = {
    "session_id": SESSION["id"],
    "message_id": MESSAGE["id"],
    "turn_id": MESSAGE["turn_id"],
    "status": "complete",
    "message": MESSAGE["content"],
    "emotion_state": None,
    "reasoning_steps": None,
    "metadata": METADATA,
}
OPENAI_MODELS: Any = {
    "object": "list",
    "data": [{"id": "openai/gpt-5-mini", "object": "model", "created": 0, "owned_by": "openai"}],
}
COMPLETION: Any = {
    "id": f"chatcmpl-{MESSAGE['turn_id']}",
    "object": "chat.completion",
    "created": 1772357400,
    "model": METADATA["model"],
    "choices": [{"index": 0, "message": {"role": "assistant", "content": MESSAGE["content"]}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 18, "completion_tokens": 42, "total_tokens": 60},
}
RESPONSE: Any = {
    "id": f"resp_{MESSAGE['turn_id']}",
    "object": "response",
    "created_at": 1772357400,
    "status": "completed",
    "model": METADATA["model"],
    "output": [
        {
            "id": f"msg_{MESSAGE['turn_id']}",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": MESSAGE["content"], "annotations": [], "logprobs": []},
            ],
        }
    ],
    "parallel_tool_calls": False,
    "tool_choice": "none",
    "tools": [],
    "text": {"format": {"type": "text"}},
    "background": False,
    "store": True,
    "metadata": {},
    "usage": {
        "input_tokens": 18,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 42,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 60,
    },
}
NEW_SHARE: Any = {
    "id": "7c1d5e0e-2f57-4f9b-8a52-0b6f6f1f9e33",
    "created_at": WHEN,
    "path": "/shared/Zk3vQm0XwB7pT1yLhRc9uN5sEoJaGfIdK2WqVxYtM8A",
}
SHARED: Any = {
    "title": SESSION["title"],
    "created_at": WHEN,
    "updated_at": WHEN,
    "messages": [
        {
            "id": MESSAGE["id"],
            "role": "assistant",
            "content": MESSAGE["content"],
            "status": "complete",
            "created_at": WHEN,
            "model": METADATA["model"],
            "citations": [],
        }
    ],
    "has_older": False,
}
