"""What the load generator is asked to do and what it answers."""

import msgspec

from bench.workloads import Workload


class Job(msgspec.Struct, frozen=True):
    """One workload against one server."""

    workload: Workload
    url: str
    """The WebSocket address, credentials included."""
    model: str
    """The model's name as the server knows it, without the parameters after `?`."""
    server_pid: int
    feed_pid: int
    user: str | None = None
    """The `user_id` that requests carry, where the server wants one."""


class Report(msgspec.Struct, frozen=True):
    """The figures of one run, by metric name (see `bench.metrics`)."""

    metrics: dict[str, float]
    failures: list[str] = []
    """The first few distinct errors that clients received."""
