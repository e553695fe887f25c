"""API keys of the caller: `/api/keys`."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field, StringConstraints
from starlette.status import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from millrace.model.keys import ApiKey, Scope
from millrace.server.routes.documentation import problems
from millrace.server.schema_examples import KEY
from millrace.server.schemas import Body, Shape, iso
from millrace.server.services import Person, ServicesDep

CREATIONS_PER_MINUTE = 10
LONGEST_LIFETIME_S = 10 * 366 * 86_400
router = APIRouter(prefix="/api/keys", tags=["keys"])
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]


class KeyCreation(Body):
    """What a new key is to be."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={"example": {"name": "notebook", "scopes": ["chat"], "expires_in": 7_776_000}},
    )

    name: Name = ""
    """What it is for, for people."""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=10)] = ("chat",)
    """`read`: see models, conversations and answers. `chat`: that, and ask, stop and change them."""
    expires_in: Annotated[int, Field(ge=60, le=LONGEST_LIFETIME_S)] | None = None
    """Its life in seconds; until it is revoked where none is given."""


class KeyShape(Shape):
    """A key, without its secret."""

    id: str
    prefix: str
    """How the key begins."""
    name: str
    scopes: list[Scope]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    """To the minute."""
    revoked_at: str | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyShape":
        """A key as callers see it."""
        return cls(
            id=key.id,
            prefix=key.prefix,
            name=key.name,
            scopes=list(key.scopes),
            created_at=iso(key.created_at),
            expires_at=_iso(key.expires_at),
            last_used_at=_iso(key.last_used_at),
            revoked_at=_iso(key.revoked_at),
        )


class NewKeyShape(KeyShape):
    """A key that was just made."""

    model_config = ConfigDict(json_schema_extra={"example": KEY})

    key: str
    """The key itself, shown this once."""


class KeysShape(Shape):
    """The caller's keys."""

    keys: list[KeyShape]
    """Those that are good, and those that were revoked lately; newest first."""


@router.get("", responses=problems(401, 403))
async def list_keys(person: Person, services: ServicesDep) -> KeysShape:
    """The caller's API keys, without their secrets."""
    return KeysShape(keys=[KeyShape.of(key) for key in await services.keys.list(person.user_id)])


@router.post("", status_code=HTTP_201_CREATED, responses=problems(400, 401, 403, 409, 429))
async def create_key(person: Person, services: ServicesDep, response: Response, body: KeyCreation) -> NewKeyShape:
    """Make an API key that speaks for the caller. Its text is in this answer and nowhere else."""
    services.rates.take("keys", person.user_id, per_minute=CREATIONS_PER_MINUTE)
    key, text = await services.keys.create(
        person.user_id, name=body.name, scopes=body.scopes, lifetime_s=body.expires_in
    )
    response.headers["Cache-Control"] = "no-store"
    return NewKeyShape(**KeyShape.of(key).model_dump(), key=text)


@router.delete("/{key_id}", status_code=HTTP_204_NO_CONTENT, responses=problems(400, 401, 403, 404))
async def revoke_key(key_id: str, person: Person, services: ServicesDep) -> Response:
    """Make a key good for nothing, at once and for ever. A WebSocket that it opened before stays open."""
    await services.keys.revoke(key_id, person.user_id)
    return Response(status_code=HTTP_204_NO_CONTENT)


def _iso(unix_ms: int | None) -> str | None:
    return None if unix_ms is None else iso(unix_ms)
