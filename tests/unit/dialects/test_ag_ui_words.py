"""Each client is answered under the names that it gave."""

import json

from millrace.dialects.ag_ui import AgUiDialect, RunNames
from millrace.model.errors import Overloaded
from millrace.model.events import Entry, TurnStarted


def test_two_clients_of_one_turn_have_frames_of_their_own() -> None:
    one, other = (AgUiDialect(RunNames("th", run)) for run in ("r1", "r2"))
    assert one.name != other.name
    assert one.name == AgUiDialect(RunNames("th", "r1")).name
    began = Entry(0, 0, TurnStarted("t", "s", "m", "u", "a/b"))
    for dialect, run in ((one, "r1"), (other, "r2")):
        [record] = dialect.renderer().render(began)
        assert json.loads(record.removeprefix(b"data: "))["runId"] == run


def test_an_error_outside_the_log_ends_the_run() -> None:
    event = json.loads(AgUiDialect(RunNames("th", "r")).error(Overloaded("Come back.")).removeprefix(b"data: "))
    details = {"error": {"code": "STREAM_ERROR", "recoverable": True}}
    assert event == {"type": "RUN_ERROR", "message": "Come back.", "code": "STREAM_ERROR", "metadata": details}
