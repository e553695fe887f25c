"""What the caller has chosen for all conversations: `/api/preferences`."""

from fastapi import APIRouter
from msgspec.structs import replace
from pydantic import ConfigDict

from millrace.model.preferences import Preferences
from millrace.server.routes.documentation import problems
from millrace.server.schemas import Body, Shape
from millrace.server.services import Caller, Services, ServicesDep

router = APIRouter(prefix="/api/preferences", tags=["preferences"])


class PreferencesShape(Shape):
    """The caller's choices, and what this server offers."""

    model_config = ConfigDict(json_schema_extra={"example": {"emotion_enabled": False, "emotion_available": True}})

    emotion_enabled: bool
    """Whether the emotion in the caller's messages may be estimated. Where not, nothing is computed or stored."""
    emotion_available: bool
    """Whether this server estimates it at all."""


class PreferencesChange(Body):
    """Other choices; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"example": {"emotion_enabled": False}})

    emotion_enabled: bool | None = None


@router.get("", responses=problems(401))
async def read_preferences(caller: Caller, services: ServicesDep) -> PreferencesShape:
    """What the caller has chosen."""
    return _shape(await services.store.preferences(caller.user_id), services)


@router.patch("", responses=problems(400, 401, 403))
async def change_preferences(body: PreferencesChange, caller: Caller, services: ServicesDep) -> PreferencesShape:
    """Choose otherwise, from the next question on, on all devices."""
    chosen = await services.store.preferences(caller.user_id)
    if body.emotion_enabled is not None:
        chosen = replace(chosen, emotion_enabled=body.emotion_enabled)
        await services.store.set_preferences(caller.user_id, chosen)
    return _shape(chosen, services)


def _shape(chosen: Preferences, services: Services) -> PreferencesShape:
    available = services.settings.generation.emotion_enabled
    return PreferencesShape(emotion_enabled=chosen.emotion_enabled, emotion_available=available)
