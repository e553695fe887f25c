"""The refusals: what a provider says when it does not answer. Pure data, as the providers' documentation shows it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from millrace.testing.simulator.behaviour import Fault

SECRET: Final = "sk-sim-secret-do-not-leak"  # noqa: S105 - a bait, no credential
"""Stands in every simulated error, so a test can prove that a provider's own words never reach a user or a log."""


class Refusal(msgspec.Struct, frozen=True):
    """An error answer, still without its wire form.

    Attributes:
        status: The HTTP status.
        message: The provider's words.
        type: The provider's kind of error.
        code: The provider's code, if it gives one.
        param: The request's field at fault, if one is.
    """

    status: int
    message: str
    type: str | None = "invalid_request_error"
    code: str | None = None
    param: str | None = None


STREAM_ERROR: Final = Refusal(
    500,
    f"The server had an error while processing your request. Sorry about that! (key {SECRET})",
    "server_error",
)
"""What ``fault=error_event`` says in the middle of a stream."""

REFUSALS: Final[Mapping[Fault, Refusal]] = MappingProxyType(
    {
        Fault.UNAUTHORIZED: Refusal(
            401,
            f"Incorrect API key provided: {SECRET}. You can find your API key in your account settings.",
            code="invalid_api_key",
        ),
        Fault.PAYMENT_REQUIRED: Refusal(
            402, f"Insufficient Balance (key {SECRET})", "unknown_error", "invalid_request_error"
        ),
        Fault.NOT_FOUND: Refusal(
            404,
            f"The model does not exist or you do not have access to it (key {SECRET}).",
            code="model_not_found",
        ),
        Fault.TOO_LARGE: Refusal(
            413, f"Request Entity Too Large (key {SECRET})", "invalid_request_error", "request_too_large"
        ),
        Fault.RATE_LIMITED: Refusal(
            429,
            f"Rate limit reached for this model in organization {SECRET} on tokens per min (TPM): Limit 30000,"
            " Used 29500, Requested 1200. Please try again in 1.4s.",
            "tokens",
            "rate_limit_exceeded",
        ),
        Fault.SERVER_ERROR: STREAM_ERROR,
        Fault.UNAVAILABLE: Refusal(
            503, f"The engine is currently overloaded, please try again later (key {SECRET})", "server_error"
        ),
        Fault.OVERLOADED: Refusal(529, f"Overloaded (key {SECRET})", "overloaded_error"),
        Fault.QUOTA: Refusal(
            429,
            f"You exceeded your current quota, please check your plan and billing details (key {SECRET}).",
            "insufficient_quota",
            "insufficient_quota",
        ),
        Fault.CONTEXT: Refusal(
            400,
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."
            f" Please reduce the length of the messages (key {SECRET}).",
            code="context_length_exceeded",
            param="messages",
        ),
        Fault.CONTENT_FILTER: Refusal(
            400,
            f"The response was filtered due to the prompt triggering our content management policy (key {SECRET})."
            " Please modify your prompt and retry.",
            None,
            "content_filter",
            "prompt",
        ),
    }
)
