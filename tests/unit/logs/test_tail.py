"""Followers get each entry once and in order, also while their backlog is being read."""

from millrace.logs.tail import Tails
from millrace.model.events import Entry, TextDelta


def entries(*seqs: int) -> list[Entry]:
    return [Entry(seq, 0, TextDelta(seq, "x")) for seq in seqs]


def test_what_was_given_before_is_not_given_again() -> None:
    tails, got = Tails(), list[int]()
    tails.add("t", 1, lambda batch: got.extend(entry.seq for entry in batch))
    tails.give("t", entries(0, 1))
    tails.give("t", entries(1, 2, 3))
    tails.give("t", entries(3))
    tails.give("other", entries(4))
    assert got == [2, 3]


def test_news_waits_for_the_backlog() -> None:
    tails, got = Tails(), list[int]()
    tail = tails.add("t", -1, lambda batch: got.extend(entry.seq for entry in batch))
    tail.hold()
    tails.give("t", entries(2, 3))
    tails.give("t", entries(4))
    assert got == []
    tail.release(entries(0, 1, 2))
    tails.give("t", entries(5))
    assert got == [0, 1, 2, 3, 4, 5]


def test_a_follower_may_leave_while_it_is_given_something() -> None:
    tails, got = Tails(), list[int]()
    first = tails.add("t", -1, lambda _: first.close())
    tails.add("t", -1, lambda batch: got.extend(entry.seq for entry in batch))
    tails.give("t", entries(0))
    tails.give("t", entries(1))
    assert got == [0, 1]
