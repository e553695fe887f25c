"""Run the plan: each workload against each server in turn, over and over."""

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from bench.errors import BenchError
from bench.load.job import Job, Report
from bench.process import Child, Cores, run_to_end
from bench.results import Sample
from bench.servers import RunningServer, ServerSpec, issue_token, running
from bench.workloads import SlowReader, Workload

STATUS_LIMIT_S = 5.0


class ServerStatus(msgspec.Struct, frozen=True):
    """What the bench reads of `/api/status`."""

    gc_pause_max_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. The order is A B C D A B C D: a slow minute of the machine falls on all servers alike."""

    servers: Sequence[ServerSpec]
    workloads: Sequence[Workload]
    repeats: int
    quick: bool
    """Share one start of a server among the workloads that allow it."""

    def groups(self) -> list[list[Workload]]:
        """Return the workloads, grouped by those that share one start of a server."""
        alone = [workload for workload in self.workloads if isinstance(workload, SlowReader) or not self.quick]
        together = [workload for workload in self.workloads if workload not in alone]
        return [*([together] if together else []), *([workload] for workload in alone)]

    def wants(self, spec: ServerSpec, workload: Workload) -> bool:
        """Say whether a workload is run on a server."""
        return spec.product or not isinstance(workload, SlowReader)


def measure(plan: Plan, feed_command: Sequence[str], cores: Cores, progress: Callable[[str], None]) -> list[Sample]:
    """Run the plan and return all samples; `progress` is told what runs.

    Raises:
        BenchError: a process did not start, or a run came to no end.
    """
    samples = []
    token = issue_token(cores) if any(spec.product for spec in plan.servers) else ""
    feed = Child("the feed", feed_command, cores.others, {})
    try:
        upstream = f"{feed.address()}/v1"
        for repeat in range(plan.repeats):
            for group in plan.groups():
                for spec in plan.servers:
                    wanted = [workload for workload in group if plan.wants(spec, workload)]
                    if not wanted:
                        continue
                    with running(spec, upstream, token, cores) as server:
                        for workload in wanted:
                            progress(f"{repeat + 1}/{plan.repeats} {workload.title}: {spec.title}")
                            samples.append(_sample(spec, workload, repeat, server, feed.pid, cores))
    finally:
        feed.stop()
    return samples


def _sample(
    spec: ServerSpec, workload: Workload, repeat: int, server: RunningServer, feed_pid: int, cores: Cores
) -> Sample:
    job = Job(workload, server.url, server.model, server.child.pid, feed_pid, server.user)
    command = (sys.executable, "-m", "bench.load")
    try:
        output = run_to_end("the load generator", command, cores.others, msgspec.json.encode(job))
    except BenchError as error:
        raise BenchError(f"{workload.title}: {spec.title}: {error}\nIts last words:\n{server.child.output}") from error
    report = msgspec.json.decode(output, type=Report)
    return Sample(spec.name, workload.name, repeat, report.metrics | _status(server), report.failures)


def _status(server: RunningServer) -> dict[str, float]:
    """Read what the server says of itself; a yardstick has no status page."""
    try:
        with urllib.request.urlopen(f"{server.address}/api/status", timeout=STATUS_LIMIT_S) as response:
            status = msgspec.json.decode(response.read(), type=ServerStatus)
    except (urllib.error.URLError, msgspec.DecodeError):
        return {}
    return {} if status.gc_pause_max_ms is None else {"gc_pause_max_ms": status.gc_pause_max_ms}
