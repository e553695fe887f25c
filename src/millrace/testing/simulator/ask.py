"""What a request asks for, in the words all wires share."""

import msgspec


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded request for an answer.

    Attributes:
        model: The model name as it came, behaviour included.
        stream: Whether the answer is to come in pieces.
        max_tokens: The caller's limit on generated tokens, reasoning included.
        include_usage: Whether a stream is to report its token counts.
        logprobs: Whether the log-probabilities of the tokens are wanted.
        user_text: The text of the last message of the user.
        prefill: The text of the assistant's message that ends the conversation, if one does.
        partial: The text of the assistant's message just before the user's last one, if there is one.
        prompt_tokens: Length of all messages.
    """

    model: str
    stream: bool = False
    max_tokens: int | None = None
    include_usage: bool = False
    logprobs: bool = False
    user_text: str = ""
    prefill: str | None = None
    partial: str | None = None
    prompt_tokens: int = 0


class AskError(ValueError):
    """A request that the wire does not allow; its text says what to change.

    Attributes:
        code: Machine-readable kind of the error, always ``invalid_request``.
        param: The field at fault, where one is.
    """

    code = "invalid_request"

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param
