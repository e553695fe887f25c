"""What keys are called."""

import re

from millrace.logs.redis_names import RedisNames

NAMES = RedisNames("chat", 3)


def tag(key: str) -> str:
    """What a cluster places a key by: what stands in the first braces."""
    found = re.search(r"\{(.+?)\}", key)
    assert found is not None
    return found.group(1)


def test_a_turns_keys_are_in_one_place_and_turns_in_different_ones() -> None:
    assert tag(NAMES.head("t1")) == tag(NAMES.log("t1")) == "t1"
    assert tag(NAMES.head("t2")) != tag(NAMES.head("t1"))


def test_the_registrys_keys_are_in_one_place() -> None:
    assert tag(NAMES.record("t1")) == tag(NAMES.registry)


def test_all_begin_with_the_prefix() -> None:
    keys = [NAMES.head("t"), NAMES.log("t"), NAMES.record("t"), NAMES.ticket("x"), NAMES.registry]
    assert all(key.startswith("chat:") for key in keys)


def test_channels_tell_databases_apart() -> None:
    other = RedisNames("chat", 4)
    assert NAMES.turn_channel("t") != other.turn_channel("t")
    assert NAMES.user_channel("u") != other.user_channel("u")
    assert NAMES.owner_channel != other.owner_channel
    assert NAMES.orphans_channel != other.orphans_channel
