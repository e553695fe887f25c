"""Messages: their versions and reactions, `/api/messages`."""

import re
import unicodedata

from fastapi import APIRouter

from millrace.model.errors import InvalidRequest
from millrace.model.principal import Principal
from millrace.server.routes.documentation import problems
from millrace.server.schemas import MessageShape, VersionChoice, VersionShape, VersionsShape
from millrace.server.services import Caller, Services, ServicesDep

MOST_REACTIONS = 32
_NAME = re.compile(r"[a-z0-9_-]{1,32}")
_LONGEST_EMOJI = 16
"""Code points: families and flags of regions are the longest, at 10 and 7."""
_EMOJI_PARTS = frozenset({"\N{ZERO WIDTH JOINER}", "\N{VARIATION SELECTOR-16}", "\N{COMBINING ENCLOSING KEYCAP}"})
router = APIRouter(prefix="/api/messages", tags=["messages"])


@router.get("/{message_id}/versions", responses=problems(401, 404))
async def list_versions(message_id: str, caller: Caller, services: ServicesDep) -> VersionsShape:
    """All wordings of an answer, and the number of the one that is shown."""
    message = await services.access.message(message_id, caller)
    versions = await services.store.versions(message_id)
    return VersionsShape(current=message.version.number, versions=[VersionShape.of(version) for version in versions])


@router.put("/{message_id}/version", responses=problems(400, 401, 403, 404))
async def choose_version(message_id: str, body: VersionChoice, caller: Caller, services: ServicesDep) -> MessageShape:
    """Show another wording."""
    await services.access.message(message_id, caller)
    await services.store.select_version(message_id, body.number)
    return MessageShape.of(await services.access.message(message_id, caller))


@router.put("/{message_id}/reactions/{name}", responses=problems(400, 401, 403, 404))
async def add_reaction(message_id: str, name: str, caller: Caller, services: ServicesDep) -> MessageShape:
    """React to a message: `name` is 1 to 32 of `a-z 0-9 _ -`, or an emoji. Twice is once."""
    message = await services.access.message(message_id, caller)
    if not is_reaction(name):
        raise InvalidRequest("name: use 1 to 32 of a-z, 0-9, _ and -, or one emoji.")
    if name not in message.reactions and len(message.reactions) >= MOST_REACTIONS:
        raise InvalidRequest(f"A message has at most {MOST_REACTIONS} reactions. Take one away first.")
    return await _set_reaction(message_id, name, present=True, caller=caller, services=services)


@router.delete("/{message_id}/reactions/{name}", responses=problems(401, 403, 404))
async def remove_reaction(message_id: str, name: str, caller: Caller, services: ServicesDep) -> MessageShape:
    """Take a reaction away; one that is not there is no error."""
    await services.access.message(message_id, caller)
    return await _set_reaction(message_id, name, present=False, caller=caller, services=services)


def is_reaction(name: str) -> bool:
    """Whether `name` is a word for a reaction or an emoji."""
    if _NAME.fullmatch(name):
        return True
    if not 0 < len(name) <= _LONGEST_EMOJI:
        return False
    pictures = [char for char in name if unicodedata.category(char) == "So"]
    keycap = name[-1] == "\N{COMBINING ENCLOSING KEYCAP}" and name[0] in "0123456789#*"
    return bool(pictures or keycap) and all(_is_emoji_part(char) or (keycap and char == name[0]) for char in name)


def _is_emoji_part(char: str) -> bool:
    # Sk holds the skin tones; tags (U+E0020 to U+E007F) spell the flags of regions.
    return char in _EMOJI_PARTS or unicodedata.category(char) in {"So", "Sk"} or 0xE0020 <= ord(char) <= 0xE007F


async def _set_reaction(
    message_id: str, name: str, *, present: bool, caller: Principal, services: Services
) -> MessageShape:
    await services.store.set_reaction(message_id, name, present=present)
    return MessageShape.of(await services.access.message(message_id, caller))
