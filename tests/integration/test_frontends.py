"""The AI SDK's chat (versions 5, 6 and 7), AG-UI's client and socket.io-client: their own code, a real server.

Every stream that they read over HTTP is full of comments, as keep-alives are.
"""

import asyncio
from typing import Any

import httpx2
import pytest
from tests.support.chat_client import LIMIT_S, Visitor, digest
from tests.support.frontends import Seen, Sight, run_clients
from tests.support.server import RunningServer

from millrace.testing.simulator import expected_reasoning, expected_text

ENDLESS = expected_text("sim?tokens=5000&seed=3")
FLAVOURS = ("v5", "v6", "v7", "v7 socket")
each_flavour = pytest.mark.parametrize("flavour", FLAVOURS)


@pytest.fixture(scope="module")
def seen(server: RunningServer) -> Seen:
    return run_clients("frontends.mjs", server.url)


@pytest.fixture
def rest(server: RunningServer, seen: Seen) -> Any:
    """What our own interface says to the same user."""
    with httpx2.Client(base_url=server.url, headers={"Cookie": seen.headers["cookie"]}) as http:
        yield lambda path: http.get(path).raise_for_status().json()


def answer_of(sight: Sight) -> Sight:
    """The last message, which is the assistant's."""
    message: Sight = sight["messages"][-1]
    assert message["role"] == "assistant"
    return message


# --- the AI SDK ---------------------------------------------------------------------------------------------------


@each_flavour
def test_everything_arrives(seen: Seen, flavour: str, rest: Any) -> None:
    sight = seen[f"{flavour}: everything"]
    answer = answer_of(sight)
    model = "sim?tokens=30&seed=5&reasoning=12&text=mixed"
    assert (sight["status"], sight["error"]) == ("ready", None)
    assert answer["text"] == expected_text(model)
    assert answer["reasoning"] == expected_reasoning(model)
    assert answer["kinds"] == ["step-start", "data-emotion", "reasoning", "text"], "steps of reasoning are not kept"
    assert [part["type"] for part in sight["data"]] == ["data-emotion", "data-reasoning-step", "data-emotion"]
    metadata = answer["metadata"]
    assert metadata["digest"] == digest(answer["text"])
    assert metadata["usage"]["totalTokens"] == metadata["usage"]["inputTokens"] + metadata["usage"]["outputTokens"]
    assert metadata["usage"]["reasoningTokens"] == 12
    assert (metadata["model"], metadata["finishReason"]) == (f"sim/{model}", "stop")
    stored = rest(f"/api/sessions/{metadata['sessionId']}")["messages"]
    assert [message["content"] for message in stored] == ["Think, please.", answer["text"]]
    assert stored[1]["id"] == answer["id"]


@each_flavour
def test_an_answer_names_its_sources(seen: Seen, flavour: str) -> None:
    answer = answer_of(seen[f"{flavour}: sources"])
    [source] = answer["sources"]
    assert source["type"] == "source-url"
    assert (source["title"], source["url"]) == ("Settings", "/api/documents/millrace-settings/text")
    assert source["providerMetadata"]["millrace"]["number"] == 1
    assert {"data-context", "data-suggestions"} <= set(answer["kinds"])


@each_flavour
def test_a_chat_is_one_conversation_whose_answers_can_be_written_again(seen: Seen, flavour: str, rest: Any) -> None:
    sight = seen[f"{flavour}: conversation"]
    before, again, first = (sight[name]["messages"] for name in ("before", "again", "first"))
    assert [message["id"] for message in again] == [message["id"] for message in before]
    assert [message["id"] for message in first] == [message["id"] for message in before[:2]]
    stored = rest(f"/api/sessions/{before[1]['metadata']['sessionId']}")["messages"]
    assert [message["content"] for message in stored[::2]] == ["One.", "Two."], "nothing was asked twice"
    assert [message["version_count"] for message in stored[1::2]] == [2, 2]


@each_flavour
def test_a_second_page_sees_the_same_from_the_beginning(seen: Seen, flavour: str) -> None:
    sight = seen[f"{flavour}: resumed"]
    whole, resumed = answer_of(sight["whole"]), answer_of(sight["resumed"])
    assert ENDLESS.startswith(whole["text"])
    assert (resumed["id"], resumed["text"], resumed["metadata"]) == (whole["id"], whole["text"], whole["metadata"])
    assert whole["metadata"]["digest"] == digest(whole["text"])
    assert sight["idle"] is None, "where nothing runs there is nothing to resume"


@each_flavour
def test_who_only_left_finds_the_answer_going_on(seen: Seen, flavour: str) -> None:
    sight = seen[f"{flavour}: left"]
    partial, after = answer_of(sight["partial"]), answer_of(sight["after"])
    assert len(partial["text"]) < len(after["text"])
    assert ENDLESS.startswith(after["text"])
    assert after["id"] == partial["id"]


async def test_over_a_websocket_the_clients_own_stop_is_one(seen: Seen, server: RunningServer) -> None:
    left = seen["v7: stopped by the client alone"]["id"]
    stopped = seen["v7 socket: stopped by the client alone"]["id"]
    async with httpx2.AsyncClient(base_url=server.url, headers={"Cookie": seen.headers["cookie"]}) as http:
        assert (await http.get(f"/api/ai/chat/{left}/messages")).json()["activeStreamId"], "over HTTP it only goes away"
        await http.post(f"/api/ai/chat/{left}/stop")
        async with asyncio.timeout(LIMIT_S):
            while (chat := (await http.get(f"/api/ai/chat/{stopped}/messages")).json())["activeStreamId"]:
                await asyncio.sleep(0.02)
    assert chat["messages"][1]["metadata"]["finishReason"] == "cancelled"


@each_flavour
def test_a_stop_is_one(seen: Seen, flavour: str, rest: Any) -> None:
    sight = seen[f"{flavour}: stopped"]
    answer = answer_of(sight)
    assert sight["answers"] == [{"success": True}] * 2
    assert (sight["status"], sight["error"]) == ("ready", None)
    assert answer["metadata"]["finishReason"] == "cancelled"
    stored = rest(f"/api/sessions/{answer['metadata']['sessionId']}")["messages"][1]
    assert (stored["content"], stored["status"]) == (answer["text"], "cancelled")


@each_flavour
def test_an_answer_that_is_being_written_can_be_written_again(seen: Seen, flavour: str, rest: Any) -> None:
    sight = seen[f"{flavour}: again while it is written"]
    answer = answer_of(sight)
    assert answer["text"] == expected_text("sim?tokens=30")
    stored = rest(f"/api/sessions/{answer['metadata']['sessionId']}")["messages"]
    assert len(stored) == 2
    versions = rest(f"/api/messages/{answer['id']}/versions")["versions"]
    assert [version["status"] for version in versions] == ["cancelled", "complete"]


@each_flavour
def test_a_question_that_was_refused_is_asked_when_it_is_sent_again(seen: Seen, flavour: str, rest: Any) -> None:
    sight = seen[f"{flavour}: refused, then asked again"]
    assert sight["refused"]["status"] == "error"
    assert sight["refused"]["error"].startswith('There is no model "nobody/knows"'), "a sentence, and nothing else"
    answer = answer_of(sight)
    assert (sight["status"], answer["text"]) == ("ready", expected_text("sim?tokens=4"))
    assert len(rest(f"/api/sessions/{answer['metadata']['sessionId']}")["messages"]) == 2


@each_flavour
def test_failures_are_told_and_what_was_said_is_kept(seen: Seen, flavour: str) -> None:
    before = seen[f"{flavour}: failed before"]
    assert before["status"] == "error"
    assert "too many requests" in before["error"]
    if "socket" in flavour:
        assert answer_of(before)["metadata"]["error"] == {"code": "RATE_LIMIT", "recoverable": True, "retryAfter": 7}
    else:
        assert [message["role"] for message in before["messages"]] == ["user"], "a refusal is no answer"
    middle = seen[f"{flavour}: failed in the middle"]
    assert middle["status"] == "error"
    assert middle["error"].endswith("Try again, or choose another model.")
    assert answer_of(middle)["text"] == "".join(expected_text("sim?tokens=10&seed=9"))
    cut = seen[f"{flavour}: cut upstream"]
    assert (cut["status"], answer_of(cut)["text"]) == ("error", answer_of(middle)["text"]), "no success"
    assert "sk-sim-secret" not in str(seen.sights), "the provider's own words stay here"


@each_flavour
def test_a_client_may_send_a_long_history_along(seen: Seen, flavour: str, rest: Any) -> None:
    sight = seen[f"{flavour}: with a long history"]
    answer = answer_of(sight)
    assert (sight["status"], answer["text"]) == ("ready", expected_text("sim?tokens=4"))
    stored = rest(f"/api/sessions/{answer['metadata']['sessionId']}")["messages"]
    assert [message["content"] for message in stored] == ["And?", answer["text"]], "history is the server's"
    refused = seen[f"{flavour}: with more than is read"]
    expected = "code 1009" if "socket" in flavour else "larger than the 1,048,576 bytes"
    assert refused["status"] == "error"
    assert expected in refused["error"]
    assert "{" not in refused["error"], "a sentence, and nothing else"


@each_flavour
def test_what_is_wrong_is_told_in_a_sentence(seen: Seen, flavour: str) -> None:
    sight = seen[f"{flavour}: not said"]
    assert sight["status"] == "error"
    assert sight["error"].startswith("The field 'id' is empty")


# --- AG-UI --------------------------------------------------------------------------------------------------------


def test_a_run_of_ag_ui_tells_everything(seen: Seen, rest: Any) -> None:
    sight = seen["ag-ui: everything"]
    model = "sim?tokens=30&seed=5&reasoning=12&text=mixed"
    asked, thought, answer = sight["messages"]
    assert (thought["role"], thought["content"]) == ("reasoning", expected_reasoning(model))
    assert (answer["role"], answer["content"]) == ("assistant", expected_text(model))
    assert answer["metadata"]["digest"] == digest(answer["content"])
    first, last = sight["first"], sight["last"]
    assert (first["type"], first["threadId"], first["runId"]) == ("RUN_STARTED", sight["thread"], "run-1")
    assert (last["type"], last["runId"], last["outcome"]) == ("RUN_FINISHED", "run-1", {"type": "success"})
    assert last["usage"][0]["totalTokens"] == sight["result"]["usage"]["totalTokens"]
    assert sight["result"]["messageId"] == answer["id"]
    assert [event["name"] for event in sight["custom"]] == ["emotion", "reasoning-step", "emotion"]
    assert sight["state"] == {"mine": [1]}, "the application's state is its own"
    stored = rest(f"/api/sessions/{first['metadata']['sessionId']}")["messages"]
    assert [message["content"] for message in stored] == [asked["content"], answer["content"]]


def test_a_thread_of_ag_ui_is_one_conversation(seen: Seen, rest: Any) -> None:
    sight = seen["ag-ui: conversation"]
    assert sight["types"].count("RUN_FINISHED") == 2
    stored = rest(f"/api/sessions/{sight['first']['metadata']['sessionId']}")["messages"]
    assert [message["content"] for message in stored[::2]] == ["One.", "Two."]
    assert [message["id"] for message in stored[1::2]] == [message["id"] for message in sight["messages"][1::2]]


def test_citations_come_with_the_run(seen: Seen) -> None:
    custom = {event["name"]: event["value"] for event in seen["ag-ui: sources"]["custom"]}
    [citation] = custom["citations"]["citations"]
    assert (citation["number"], citation["title"]) == (1, "Settings")


def test_the_same_run_twice_is_one_turn(seen: Seen, rest: Any) -> None:
    sight = seen["ag-ui: the same run twice"]
    one, other = sight["one"], sight["other"]
    assert one["result"] == other["result"]
    assert one["messages"][1]["content"] == other["messages"][1]["content"] == expected_text("sim?tokens=60")
    assert len(rest(f"/api/sessions/{one['first']['metadata']['sessionId']}")["messages"]) == 2


def test_failures_end_a_run(seen: Seen) -> None:
    before, middle, refused = (seen[f"ag-ui: {name}"] for name in ("failed before", "failed in the middle", "refused"))
    assert (before["last"]["type"], before["last"]["code"]) == ("RUN_ERROR", "RATE_LIMIT")
    assert before["last"]["metadata"]["error"]["retryAfter"] == 7
    assert (middle["last"]["type"], middle["last"]["code"]) == ("RUN_ERROR", "PROVIDER_FAILURE")
    assert middle["messages"][-1]["content"] == expected_text("sim?tokens=7&seed=9&reasoning=3"), (
        "what was said is kept"
    )
    assert not before["failures"] + middle["failures"], "the client found nothing wrong with the protocol"
    assert "There is no model" in refused["result"]["thrown"]


# --- socket.io-client ---------------------------------------------------------------------------------------------

each_way = pytest.mark.parametrize("way", ["polling", "websocket", "upgrade"])


@each_way
def test_events_carry_an_answer(seen: Seen, way: str) -> None:
    sight = seen[f"socket.io {way}: answer"]
    assert sight["text"] == expected_text("sim?tokens=80&seed=21&text=mixed")
    assert sight["end"]["digest"] == digest(sight["text"])
    assert sight["ack"] == {"ok": True} | {name: sight["end"][name] for name in ("session_id", "turn_id", "message_id")}
    assert sight["transport"] == ("polling" if way == "polling" else "websocket")


@each_way
def test_lost_connections_lose_no_token(seen: Seen, way: str) -> None:
    sight = seen[f"socket.io {way}: resumed"]
    assert sight["text"] == expected_text("sim?tokens=150&seed=5")
    assert sight["end"]["digest"] == digest(sight["text"])


def test_an_event_stops_an_answer(seen: Seen, rest: Any) -> None:
    sight = seen["socket.io: stopped"]
    assert sight["stop"] == sight["ack"]
    assert (sight["end"]["cancelled"], sight["end"]["digest"]) == ("user", digest(sight["text"]))
    stored = rest(f"/api/sessions/{sight['ack']['session_id']}")["messages"][1]
    assert (stored["content"], stored["status"]) == (sight["text"], "cancelled")


def test_whatever_is_wrong_with_an_event_is_acknowledged(seen: Seen) -> None:
    sight = seen["socket.io: refused"]
    codes = ["INVALID_REQUEST", "NOT_FOUND", "NOT_FOUND", "NO_ACTIVE_STREAM", "INVALID_REQUEST"]
    assert [(ack["ok"], ack["code"]) for ack in sight["acks"]] == [(False, code) for code in codes]
    assert [error["code"] for error in sight["errors"]] == codes
    assert (sight["failure"]["code"], sight["failure"]["recoverable"]) == ("PROVIDER_FAILURE", True)
    assert sight["error"]["data"]["code"] == "UNAUTHORIZED"


def test_an_event_that_is_sent_twice_asks_once(seen: Seen, rest: Any) -> None:
    sight = seen["socket.io: offline"]
    assert sight["one"] == sight["two"]
    assert sight["text"] == expected_text("sim?tokens=5&seed=2")
    assert len(rest(f"/api/sessions/{sight['one']['session_id']}")["messages"]) == 2


def test_all_tabs_of_a_user_are_in_one_room(seen: Seen) -> None:
    sight = seen["socket.io: rooms"]
    text = expected_text("sim?tokens=60&seed=8")
    assert sight["whole"]["messages"][1]["content"] == text
    assert sight["texts"] == [text] * 3
    assert [end["digest"] for end in sight["ends"]] == [digest(text)] * 3


# --- one engine under all -----------------------------------------------------------------------------------------


def test_what_begins_in_chat_is_watched_by_the_others(seen: Seen) -> None:
    sight = seen["cross: begun in chat, watched by the others"]
    text = sight["cancelled"]["partial_message"]
    question = sight["loaded"]["messages"][-1]
    assert (question["role"], question["parts"][0]["text"]) == ("user", "Talk.")
    assert sight["loaded"]["activeStreamId"] == sight["turn"]
    answer = answer_of(sight["page"])
    assert (answer["id"], answer["text"]) == (sight["cancelled"]["message_id"], text)
    assert answer["metadata"]["digest"] == sight["cancelled"]["digest"]
    watcher = sight["watcher"]
    assert watcher["types"][:2] == ["RUN_STARTED", "MESSAGES_SNAPSHOT"]
    assert watcher["last"]["runId"] == "my-name"
    assert [message["content"] for message in watcher["messages"]] == ["Talk.", text]


def test_what_begins_elsewhere_is_stopped_in_chat(seen: Seen) -> None:
    sight = seen["cross: begun by the AI SDK, stopped in chat"]
    answer = answer_of(sight["page"])
    assert sight["cancelled"]["partial_message"] == answer["text"]
    assert (sight["page"]["status"], answer["metadata"]["finishReason"]) == ("ready", "cancelled")
    stored = sight["loaded"]["messages"]
    assert [message["id"] for message in stored][1] == answer["id"]
    assert stored[1]["metadata"]["finishReason"] == "cancelled"
    assert sight["loaded"]["activeStreamId"] is None


def test_names_of_conversations_are_the_same_in_every_protocol(seen: Seen) -> None:
    sight = seen["cross: begun by AG-UI, stopped by the AI SDK's way"]
    assert sight["stopped"] == {"success": True}
    assert (sight["last"]["type"], sight["last"]["outcome"]) == ("RUN_FINISHED", {"type": "cancelled"})


def test_who_joins_late_is_told_what_was_said(seen: Seen) -> None:
    sight = seen["cross: joined when it is over"]
    asked, watcher, nothing = sight["asked"], sight["watcher"], sight["nothing"]
    assert watcher["types"] == ["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]
    said = [(message["role"], message["content"]) for message in asked["messages"]]
    assert [(message["role"], message["content"]) for message in watcher["messages"]] == said
    assert watcher["messages"][1]["metadata"]["usage"] == asked["last"]["result"]["usage"]
    assert [message["id"] for message in watcher["messages"]] == [each["id"] for each in sight["loaded"]["messages"]]
    assert (nothing["types"], nothing["messages"]) == (["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"], [])


async def test_a_run_that_its_client_left_goes_on(seen: Seen, server: RunningServer) -> None:
    sight = seen["ag-ui: left"]
    assert sight["last"]["code"] == "abort"
    async with httpx2.AsyncClient(base_url=server.url, headers={"Cookie": seen.headers["cookie"]}) as http:
        started = sight["first"]["metadata"]
        async with Visitor(server.url, http).connect() as chat:
            turn = await chat.resume(started["turnId"])
            await turn.until(len(sight["types"]) + 5)
            await chat.send("chat_stop", session_id=started["sessionId"])
            await turn.end()
    assert turn.text.startswith(sight["messages"][1]["content"])
