import gc

from millrace.ops.clock import SystemClock
from millrace.server.status import GcMeter


def test_pauses_are_measured_between_start_and_stop() -> None:
    meter = GcMeter(SystemClock())
    before = list(gc.callbacks)
    meter.start()
    gc.collect()
    meter.stop()
    assert meter.collections >= 1
    assert meter.max_pause_ms > 0
    assert gc.callbacks == before
    meter.reset()
    gc.collect()
    assert (meter.collections, meter.max_pause_ms) == (0, 0)
