from millrace.model.messages import Message, MessageError, Version
from millrace.server.study import shown_message


def version(number: int, content: str, **fields: object) -> Version:
    return Version(number=number, content=content, status="complete", created_at=0, turn_id="t", **fields)  # type: ignore[arg-type]  # test shorthand


def test_an_answer_is_shown_with_its_versions_and_its_marks_as_they_were_streamed() -> None:
    cited = {"title": "Optics", "url": "/o", "snippet": "Light.", "number": 4, "document_id": "d1", "chunk_id": "d1:2"}
    versions = [
        version(1, "So [4].", metadata={"citations": [cited]}),
        version(2, "Half", error=MessageError("PROVIDER_FAILURE", "Cut.")),
    ]
    message = Message(id="m", session_id="s", role="assistant", created_at=0, version=versions[0], version_count=2)
    shown = shown_message(message, versions)
    assert (shown["content"], shown["currentVersion"], shown["createdAt"]) == ("So [1].", 0, "1970-01-01T00:00:00.000Z")
    assert shown["citation"] == [
        {"number": 1, "documentId": "d1", "title": "Optics", "text": "Light.", "href": "/o"},
    ]
    assert shown["chunkReferences"] == [{"chunkId": "d1:2", "documentId": "d1", "displayNumber": 1}]
    assert [(each["number"], each["content"], each.get("error")) for each in shown["versions"]] == [
        (1, "So [1].", None),
        (2, "Half", "Cut."),
    ]


def test_a_question_has_no_versions() -> None:
    message = Message(id="m", session_id="s", role="user", created_at=0, version=version(1, "Why [1]?"))
    shown = shown_message(message, [message.version])
    assert shown["content"] == "Why [1]?"
    assert "versions" not in shown
