"""What generations cost, from the bundled data of genai-prices; nothing is fetched.

Importing it and building its index takes half a second, so it is done once, in a thread, and only where there is a
provider that costs anything.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from millrace.model.events import Usage

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot


class Pricing:
    """Prices by the provider's address and the model's name. Until `load` has run, none is known.

    A provider is known by its address alone: a local server or a proxy may call anything `gpt-4o`.
    """

    def __init__(self) -> None:
        self._snapshot: DataSnapshot | None = None
        self._usage: Callable[..., object] | None = None
        self._lock = threading.Lock()

    @property
    def loaded(self) -> bool:
        """Whether prices are known."""
        return self._snapshot is not None

    def load(self) -> None:
        """Load the data. Blocks for half a second; meant for a thread. Twice does nothing."""
        with self._lock:
            if self._snapshot is not None:
                return
            from genai_prices import Usage as PriceUsage  # noqa: PLC0415 - takes a quarter of a second
            from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - as above

            snapshot = get_snapshot()
            snapshot.calc(
                PriceUsage(input_tokens=1, output_tokens=1), "gpt-4o", "openai", None, None
            )  # builds the index
            self._usage = PriceUsage
            self._snapshot = snapshot

    def cost(self, base_url: str, model: str, usage: Usage) -> float | None:
        """The price in US dollars (50 to 120 microseconds of work); none where provider or model is not known."""
        snapshot, make_usage = self._snapshot, self._usage
        if snapshot is None or make_usage is None:
            return None
        counts = make_usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=min(usage.cached_tokens or 0, usage.input_tokens),
        )
        try:
            return float(snapshot.calc(counts, model, None, base_url, None).total_price)
        except (LookupError, ValueError):  # not known, or counts that contradict its units
            return None

    def context_length(self, base_url: str, model: str) -> int | None:
        """The model's context in tokens, where it is known."""
        if self._snapshot is None:
            return None
        try:
            _, found = self._snapshot.find_provider_model(model, None, None, base_url)
        except LookupError:
            return None
        return found.context_window
