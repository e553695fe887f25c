"""Run one job, which comes as JSON on standard input; the report goes as JSON to standard output."""

import gc
import sys

import msgspec
import uvloop

from bench.errors import BenchError
from bench.load import idle, slow_reader, streams, turns
from bench.load.crowd import Crowd
from bench.load.job import Job, Report
from bench.workloads import Idle, SlowReader, Streams, Turns


async def run(job: Job) -> Report:
    """Run the job's workload."""
    crowd = Crowd(job)
    try:
        match job.workload:
            case Streams() as workload:
                metrics = await streams.run(workload, crowd)
            case Idle() as workload:
                metrics = await idle.run(workload, crowd)
            case Turns() as workload:
                metrics = await turns.run(workload, crowd)
            case SlowReader() as workload:
                metrics = await slow_reader.run(workload, crowd)
    finally:
        crowd.close()
    checks = {"texts_verified": float(crowd.verified), "mismatches": float(crowd.mismatches)}
    return Report(metrics | checks, crowd.failure_list())


def main() -> None:
    """Read, run, write."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    gc.disable()  # a pause of ours would be taken for the server's latency; a run is short
    try:
        report = uvloop.run(run(job))
    except BenchError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(msgspec.json.encode(report))


if __name__ == "__main__":
    main()
