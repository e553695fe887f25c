"""The names of the figures, and how to show them."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench import workloads


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: the column's title with its unit, and the digits behind the point."""

    name: str
    title: str
    digits: int = 1


CPU = Metric("cpu_us_per_token", "CPU µs/token")
CPU_RATIO = Metric("cpu_ratio", "x floor", 2)
CPU_WHOLE = Metric("cpu_us_per_token_whole", "with turn's cost")
CPU_WHOLE_RATIO = Metric("cpu_ratio_whole", "x floor", 2)
RATE = Metric("tokens_per_s", "tokens/s", 0)
BUSY = Metric("server_busy", "core used", 2)
WAITED = Metric("server_waited", "core taken by others", 2)
LATENCY_P50 = Metric("latency_p50_ms", "age p50 ms", 2)
LATENCY_P99 = Metric("latency_p99_ms", "age p99 ms", 2)
ADDED_P50 = Metric("latency_p50_ms_added", "p50 added", 2)
ADDED_P99 = Metric("latency_p99_ms_added", "p99 added", 2)
TTFT = Metric("ttft_ms", "first token ms", 2)
TTFT_ADDED = Metric("ttft_ms_added", "first added", 2)
STREAM_MEMORY = Metric("kib_per_stream", "KiB/stream")
CONNECTION_MEMORY = Metric("kib_per_connection", "KiB/connection")
IDLE_CPU = Metric("idle_cpu_ms_per_s", "CPU ms per s")
TURN_CPU = Metric("cpu_ms_per_turn", "CPU ms/turn", 2)
TURN_MEMORY = Metric("kib_per_ended_turn", "KiB kept/turn")
GROWN = Metric("grown_kib", "server grew KiB", 0)
SLOW_MEMORY = Metric("grown_kib_per_reader_added", "added by slow reader KiB", 0)
SLOW_MEMORY_CATCH_UP = Metric("grown_catch_up_kib_per_reader_added", "catching up included KiB", 0)
MERGED = Metric("merged_share", "tokens it got merged", 2)
OTHERS_P99 = Metric("others_p99_ms", "others' p99 ms", 2)
OTHERS_ADDED = Metric("others_p99_ms_added", "others' p99 added", 2)
GC_PAUSE = Metric("gc_pause_max_ms", "longest GC ms", 2)
FEED_CPU = Metric("feed_us_per_token", "feed µs/token")
LOAD_CPU = Metric("load_us_per_token", "load µs/token")
VERIFIED = Metric("texts_verified", "texts right", 0)
MISMATCHES = Metric("mismatches", "wrong", 0)

_CHECKED = (VERIFIED, MISMATCHES)
_STREAMS = (CPU, CPU_RATIO, CPU_WHOLE, CPU_WHOLE_RATIO, RATE, BUSY, WAITED)

COLUMNS: Mapping[str, tuple[Metric, ...]] = {
    workloads.IDLE: (CONNECTION_MEMORY, IDLE_CPU, GC_PAUSE),
    workloads.PACED: (
        *_STREAMS,
        LATENCY_P50,
        ADDED_P50,
        LATENCY_P99,
        ADDED_P99,
        TTFT,
        TTFT_ADDED,
        GC_PAUSE,
        FEED_CPU,
        LOAD_CPU,
        *_CHECKED,
    ),
    workloads.FLAT: (*_STREAMS, GC_PAUSE, FEED_CPU, LOAD_CPU, *_CHECKED),
    workloads.MANY: (*_STREAMS, LATENCY_P99, ADDED_P99, STREAM_MEMORY, GC_PAUSE, *_CHECKED),
    workloads.TURNS: (TURN_CPU, TTFT, TTFT_ADDED, TURN_MEMORY, GC_PAUSE, *_CHECKED),
    workloads.SLOW: (GROWN, SLOW_MEMORY, SLOW_MEMORY_CATCH_UP, MERGED, OTHERS_P99, OTHERS_ADDED, GC_PAUSE, *_CHECKED),
}
"""What the table shows of each workload, in this order."""
