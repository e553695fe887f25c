"""A queue that is fair to people: its owners take turns, and within one owner who came first goes first. Pure."""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Whoever comes new waits for one item of each other owner at most, however many those have."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, deque[Item]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, owner: str, item: Item) -> None:
        """Put an item behind the owner's others."""
        self._owners.setdefault(owner, deque()).append(item)
        self._length += 1

    def pop(self) -> Item | None:
        """Take the next item, or none where nothing waits."""
        if not self._length:
            return None
        owner, items = next(iter(self._owners.items()))
        item = items.popleft()
        self._length -= 1
        if items:
            self._owners.move_to_end(owner)
        else:
            del self._owners[owner]
        return item

    def remove(self, owner: str, item: Item) -> None:
        """Take an item out of the line; one that is not in it changes nothing."""
        items = self._owners.get(owner)
        if items is None or item not in items:
            return
        items.remove(item)
        self._length -= 1
        if not items:
            del self._owners[owner]
