import msgspec
import pytest

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    MillraceError,
    ModelMissing,
    ProviderFailure,
    ProviderTimeout,
    RateLimited,
    RequestRefused,
)
from millrace.providers import failures
from millrace.providers.failures import Call, Refusal, refused

CALL = Call("acme", "m", secret="abcdef-secret")


@pytest.mark.parametrize(
    ("refusal", "kind", "recoverable"),
    [
        (Refusal(402), ProviderFailure, False),
        (Refusal(429, "insufficient_quota"), ProviderFailure, False),
        (Refusal(429, words="slow down"), RateLimited, True),
        (Refusal(413, words="Request Entity Too Large"), ContextTooLong, False),
        (Refusal(400, "context_length_exceeded"), ContextTooLong, False),
        (Refusal(400, words="This model's maximum context length is 8192 tokens"), ContextTooLong, False),
        (Refusal(400, words="prompt is too long: 210000 tokens > 200000 maximum"), ContextTooLong, False),
        (Refusal(500, words="the request exceeds the available context size"), ContextTooLong, False),
        (Refusal(400, "content_filter"), ContentFiltered, False),
        (Refusal(403, words="Your input was flagged"), ContentFiltered, False),
        (Refusal(400, words="cannot parse: 'what is content moderation'"), RequestRefused, False),
        (Refusal(401), ProviderFailure, False),
        (Refusal(400, "invalid_api_key"), ProviderFailure, False),
        (Refusal(404), ModelMissing, False),
        (Refusal(400, words="The model `x` does not exist"), ModelMissing, False),
        (Refusal(422), RequestRefused, False),
        (Refusal(308), ProviderFailure, False),
        (Refusal(408), ProviderTimeout, True),
        (Refusal(504), ProviderTimeout, True),
        (Refusal(409), ProviderFailure, True),
        (Refusal(500), ProviderFailure, True),
        (Refusal(529), ProviderFailure, True),
        (Refusal(), ProviderFailure, True),
        (Refusal(words="timeout talking to the moderation service"), ContentFiltered, False),
    ],
)
def test_what_a_refusal_means(refusal: Refusal, kind: type[MillraceError], recoverable: bool) -> None:
    error = refused(CALL, refusal)
    assert type(error) is kind
    assert error.recoverable is recoverable
    assert error.message.endswith(".")
    assert not refusal.words or refusal.words not in error.message


@pytest.mark.parametrize("status", [429, 503, 504])
def test_retry_after_is_passed_on(status: int) -> None:
    assert refused(CALL, Refusal(status, retry_after=3.5)).retry_after == 3.5


@pytest.mark.parametrize(
    "key", ["abcdef-secret", "sk-proj-0123456789abc", "gsk-0123456789", "pplx-0123456789", f"AIza{'Sy0-_' * 7}"]
)
def test_keys_do_not_reach_the_log(key: str) -> None:
    error = refused(CALL, Refusal(401, words=f"Incorrect API key provided: {key}."))
    assert key not in f"{error} {error.message} {error.detail} {CALL!r}"
    assert "Incorrect API key" in (error.detail or "")


def test_details_are_bounded() -> None:
    assert len(failures.detail(CALL, "x" * 9999)) == 2000


def test_who_should_act_depends_on_whose_key_it_was() -> None:
    own = Call("acme", "m", own_key=True)
    assert "Whoever runs this server" in refused(CALL, Refusal(402)).message
    assert "You should check" in refused(own, Refusal(402)).message
    assert "your key" in refused(own, Refusal(401)).message


GOOGLE = Refusal(429, "429", "RESOURCE_EXHAUSTED", "You exceeded your current quota, check your plan and billing.")


def test_googles_limits_pass_by_themselves_if_they_name_a_delay() -> None:
    assert failures.out_of_credit(GOOGLE)
    assert not refused(CALL, GOOGLE).recoverable
    delayed = refused(CALL, msgspec.structs.replace(GOOGLE, retry_after=34.4))
    assert (type(delayed), delayed.retry_after) == (RateLimited, 34.4)
    assert failures.out_of_credit(Refusal(429, "insufficient_quota", retry_after=3.0))


def test_a_key_that_google_refuses_with_a_400() -> None:
    refusal = Refusal(400, "400", "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")
    assert "refused this server's key" in refused(CALL, refusal).message
