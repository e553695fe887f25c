"""Addresses of Redis."""

import pytest

from millrace.logs.redis_address import RedisAddress


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://cache", RedisAddress(kind="server", hosts=(("cache", 6379),))),
        ("redis://[::1]:7000/3", RedisAddress(kind="server", hosts=(("::1", 7000),), database=3)),
        (
            "rediss://chat:p%40ss@cache:6380",
            RedisAddress(kind="server", hosts=(("cache", 6380),), tls=True, username="chat", password="p@ss"),
        ),
        ("redis://:word@cache", RedisAddress(kind="server", hosts=(("cache", 6379),), password="word")),
        (
            "redis+sentinel://:word@a,b:5000/main/2",
            RedisAddress(
                kind="sentinel", hosts=(("a", 26379), ("b", 5000)), password="word", service="main", database=2
            ),
        ),
        ("rediss+cluster://a,b", RedisAddress(kind="cluster", hosts=(("a", 6379), ("b", 6379)), tls=True)),
    ],
)
def test_addresses_are_read(url: str, address: RedisAddress) -> None:
    assert RedisAddress.parse(url) == address


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://cache", "must begin with redis://"),
        ("cache:6379", "must begin with redis://"),
        ("redis://", "must name a host"),
        ("redis://secret@:6379", "must name a host"),
        ("redis://cache:99999", "a port between"),
        ("redis://cache/x", "the number of a database"),
        ("redis://cache/1/2", "the number of a database"),
        ("redis://a,b", "one host"),
        ("redis+sentinel://a", "must name the service"),
        ("redis+cluster://a/1", "a cluster has only one"),
    ],
)
def test_what_is_wrong_is_said_without_the_address(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        RedisAddress.parse(url)
    assert "secret" not in str(caught.value)


def test_a_password_is_not_shown() -> None:
    assert "word" not in repr(RedisAddress.parse("redis://:word@cache"))
