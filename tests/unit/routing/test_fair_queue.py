"""Owners take turns; within one, who came first goes first."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from millrace.routing.fair_queue import FairQueue


def test_a_newcomer_does_not_wait_for_all_of_a_crowd() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(3):
        queue.push("ana", f"a{number}")
    queue.push("ben", "b0")
    assert [queue.pop() for _ in range(5)] == ["a0", "b0", "a1", "a2", None]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), max_size=60))
def test_nothing_is_lost_and_nobody_is_passed_over(steps: list[tuple[str, int]]) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue()
    waiting: dict[str, deque[tuple[str, int]]] = {owner: deque() for owner in "abc"}
    passed: dict[str, int] = dict.fromkeys("abc", 0)
    for number, (owner, what) in enumerate(steps):
        item = (owner, number)
        if what == 0:
            queue.push(owner, item)
            waiting[owner].append(item)
        elif what == 1 and waiting[owner]:
            queue.remove(owner, waiting[owner].pop())
        else:
            queue.remove(owner, item)  # which is not there
            got = queue.pop()
            assert (got is None) == (not any(waiting.values()))
            if got is not None:
                assert got == waiting[got[0]].popleft()
                passed[got[0]] = 0
                for other in set("abc") - {got[0]}:
                    passed[other] = passed[other] + 1 if waiting[other] else 0
        for each in "abc":
            if not waiting[each]:
                passed[each] = 0
        assert max(passed.values()) <= 2, "one item of each other owner, and then it is its turn"
        assert len(queue) == sum(map(len, waiting.values()))
