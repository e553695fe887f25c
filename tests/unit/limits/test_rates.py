import pytest

from millrace.limits.rates import Rates
from millrace.model.errors import RateLimited


def test_names_and_keys_are_counted_apart() -> None:
    rates = Rates()
    for _ in range(3):
        rates.take("sign-ins", "10.0.0.1", "ada@example.com", per_minute=3)
    with pytest.raises(RateLimited) as refused:
        rates.take("sign-ins", "10.0.0.1", "ada@example.com", per_minute=3)
    assert refused.value.retry_after is not None
    assert 1 <= refused.value.retry_after <= 60
    rates.take("sign-ins", "10.0.0.1", "grace@example.com", per_minute=3)
    rates.take("sign-ins", "10.0.0.2", "ada@example.com", per_minute=3)
    rates.take("tickets", "10.0.0.1", "ada@example.com", per_minute=3)


def test_what_is_left_is_told() -> None:
    rates = Rates()
    allowances = [rates.count("streams", "ada", per_minute=2) for _ in range(3)]
    assert [(each.granted, each.limit, each.remaining) for each in allowances] == [
        (True, 2, 1),
        (True, 2, 0),
        (False, 2, 0),
    ]
    assert all(1 <= each.reset_s <= 60 for each in allowances)
    assert allowances[0].headers() == {
        "RateLimit-Limit": "2",
        "RateLimit-Remaining": "1",
        "RateLimit-Reset": str(allowances[0].reset_s),
        "RateLimit-Policy": "2;w=60",
    }


def test_a_key_with_slashes_is_no_other_key() -> None:
    rates = Rates()
    rates.take("sign-ins", "a/b", "c", per_minute=1)
    rates.take("sign-ins", "a", "b/c", per_minute=1)
