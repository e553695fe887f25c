"""Questions about one's own documents: what they become, and what is shown of their answers."""

from collections.abc import Sequence
from typing import Any

from msgspec import structs, to_builtins

from millrace.dialects.study import STUDY, Completion, Search
from millrace.dialects.study_sources import Sources, stored_answer
from millrace.knowledge.study import plan
from millrace.model.commands import StartTurn, TurnContext
from millrace.model.errors import InvalidRequest
from millrace.model.generation import PromptMessage
from millrace.model.messages import Message, Version
from millrace.model.principal import Principal
from millrace.server.schemas import iso
from millrace.server.services import Services

_SHOWN_MESSAGES = 200


class StudyDesk:
    """Takes the questions of one caller.

    Verbs raise `NotFound` for a document or a conversation that is not the caller's.
    """

    def __init__(self, services: Services, caller: Principal) -> None:
        self._services = services
        self._caller = caller

    async def search(self, search: Search) -> StartTurn:
        """The turn of a question whose conversation the client keeps: it is no part of one here."""
        command = await self._command(search, search.history)
        return structs.replace(command, history=search.history, ephemeral=True)

    async def completion(self, completion: Completion) -> StartTurn:
        """The turn of a question in a conversation, or of its last one again; its answer goes to the caller's rooms."""
        session_id = completion.session_id
        history = await self._history(session_id) if session_id is not None else []
        search, regenerate = completion.search, None
        if completion.retry:
            if len(history) < 2 or (history[-1].role, history[-2].role) != ("assistant", "user"):
                raise InvalidRequest("There is no answer in this conversation that could be tried again.")
            regenerate = history[-1].id
            search = structs.replace(search, query=history[-2].version.content)
            history = history[:-2]
        said = [PromptMessage(message.role, message.version.content) for message in history]
        command = await self._command(search, said)
        return structs.replace(
            command, session_id=session_id, regenerate=regenerate, ephemeral=completion.ephemeral, to_rooms=True
        )

    async def messages(self, session_id: str) -> list[dict[str, Any]]:
        """A conversation as this protocol shows it: the newest messages, oldest first, answers with all versions."""
        store = self._services.store
        shown = []
        for message in await store.messages(session_id, limit=_SHOWN_MESSAGES):
            versions = await store.versions(message.id) if message.version_count > 1 else [message.version]
            shown.append(shown_message(message, versions))
        return shown

    async def _history(self, session_id: str) -> list[Message]:
        await self._services.access.session(session_id, self._caller)
        limit = self._services.settings.generation.history_messages + 2
        return list(await self._services.store.messages(session_id, limit=limit))

    async def _command(self, search: Search, said: Sequence[PromptMessage]) -> StartTurn:
        if search.document_id is not None:
            await self._services.documents.document(self._caller.user_id, search.document_id)
        study = self._services.settings.study
        route, lookup = plan(search.query, said)
        return StartTurn(
            message=search.query,
            request_id=search.request_id,
            model=search.model,
            temperature=route.temperature,
            suggestions=False,
            context=TurnContext(
                subject=search.class_name,
                enable_rag=True,
                document_ids=() if search.document_id is None else (search.document_id,),
                lookup=lookup,
            ),
            origin=STUDY,
            brief_log=True,
            silence_s=study.stream_timeout_ms / 1000,
            duration_s=study.stream_max_duration_s,
        )


def shown_message(message: Message, versions: Sequence[Version]) -> dict[str, Any]:
    """A message as this protocol shows it; what is shown of an answer is one of its versions, counted from 0."""
    shown: dict[str, Any] = {
        "id": message.id,
        "role": message.role,
        "createdAt": iso(message.created_at),
        **shown_version(message.version),
    }
    if message.role == "assistant":
        shown["versions"] = [{"number": each.number, **shown_version(each)} for each in versions]
        shown["currentVersion"] = next(
            place for place, each in enumerate(versions) if each.number == message.version.number
        )
    return shown


def shown_version(version: Version) -> dict[str, Any]:
    """A wording with its sources, as it was streamed."""
    text, found = stored_answer(version)
    shown: dict[str, Any] = {"content": text, "status": version.status, **shown_sources(found)}
    if version.error is not None:
        shown["error"] = version.error.message
    return shown


def shown_sources(found: Sources) -> dict[str, Any]:
    """The sources of an answer, as messages carry them."""
    return {
        "citation": list(to_builtins(found.citations)),
        "chunkReferences": list(to_builtins(found.chunk_references)),
    }
