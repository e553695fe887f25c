from bench import stamps
from hypothesis import given
from hypothesis import strategies as st


def feed(tokens: int) -> list[str]:
    return [f"{index}:{1000 * index} " for index in range(tokens)]


@given(st.integers(1, 40), st.data())
def test_any_merging_of_the_pieces_is_complete(tokens: int, data: st.DataObject) -> None:
    text = feed(tokens)
    cuts = sorted(data.draw(st.sets(st.integers(1, tokens))) | {tokens})
    merged = ["".join(text[begin:end]) for begin, end in zip([0, *cuts], cuts, strict=False)]
    assert stamps.complete(merged, tokens, "".join(text))


@given(st.integers(2, 40), st.data())
def test_a_lost_doubled_or_displaced_token_is_noticed(tokens: int, data: st.DataObject) -> None:
    text = feed(tokens)
    one, other = data.draw(st.lists(st.integers(0, tokens - 1), min_size=2, max_size=2, unique=True))
    lost = text[:one] + text[one + 1 :]
    doubled = text[: one + 1] + text[one:]
    swapped = list(text)
    swapped[one], swapped[other] = text[other], text[one]
    for wrong in (lost, doubled, swapped):
        assert not stamps.complete(wrong, tokens, "".join(wrong))


def test_the_full_message_must_be_the_same_text() -> None:
    assert not stamps.complete(feed(3), 3, "".join(feed(3)).strip())
    assert not stamps.complete(feed(3), 3, None)


def test_a_text_that_is_no_stamp_is_not_complete() -> None:
    assert not stamps.complete(["Hello ", "world"], 2, "Hello world")


def test_ages_count_from_the_stamp_and_once_per_token() -> None:
    ages = list(stamps.ages_ms(["0:1000 ", "1:2000 2:2500 "], [1_500_000, 3_000_000]))
    assert ages == [0.5, 1.0, 0.5]
