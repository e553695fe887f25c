"""Signed tokens (JWT): the ones this server issues, and the ones of an outside issuer.

Which algorithm verifies is settled by the settings and never by the token: HS* with the shared secret, or
public-key algorithms with the issuer's published keys. `none` is no algorithm.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, get_args

import jwt
from msgspec import Struct

from millrace.model.errors import StreamError, Unauthorized
from millrace.model.messages import UserKind
from millrace.model.principal import Principal
from millrace.ports import Clock
from millrace.server.settings_groups import JwtSettings

_LOCAL_ALGORITHM = "HS256"
_LOCAL = JwtSettings(leeway_s=0)  # issuer and verifier share one clock
_LONGEST_TOKEN = 8192
_LONGEST_USER_ID = 255
_KEYS_TIMEOUT_S = 5.0
_RETRY_KEYS_S = 5.0
_EXPIRED = "Your sign-in has expired. Sign in again."
_INVALID = "Your sign-in is not valid. Sign in again."


class RefreshClaims(Struct, frozen=True):
    """What a refresh token says. Tokens of one sign-in form a family; `token_id` names this one of them."""

    user_id: str
    family: str
    token_id: str
    expires_at: int


class Verifier(Protocol):
    """Turns an access token into who it speaks for."""

    async def verify(self, token: str) -> Principal:
        """Verify an access token.

        Raises:
            Unauthorized: It is malformed, forged, expired or meant for something else.
            StreamError: The issuer's keys cannot be had.
        """


class LocalTokens:
    """Issues and verifies this server's own tokens (HS256)."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def issue_access(self, principal: Principal, lifetime_s: int) -> str:
        """A token that speaks for `principal` for `lifetime_s` seconds."""
        return self._sign(
            {"sub": principal.user_id, "kind": principal.kind, "name": principal.name, "use": "access"}, lifetime_s
        )

    def issue_refresh(self, user_id: str, family: str, token_id: str, lifetime_s: int) -> str:
        """A token that is good for one new access token."""
        return self._sign({"sub": user_id, "fam": family, "jti": token_id, "use": "refresh"}, lifetime_s)

    async def verify(self, token: str) -> Principal:
        """Verify an access token; see `Verifier`."""
        claims = _decode(token, self._secret, [_LOCAL_ALGORITHM], _LOCAL)
        if claims.get("use", "access") != "access":
            raise Unauthorized(_INVALID)
        return _principal(claims, _LOCAL)

    def verify_refresh(self, token: str) -> RefreshClaims:
        """Verify a refresh token.

        Raises:
            Unauthorized: It is malformed, forged, expired or not a refresh token.
        """
        claims = _decode(token, self._secret, [_LOCAL_ALGORITHM], _LOCAL)
        family, token_id = claims.get("fam"), claims.get("jti")
        if claims.get("use") != "refresh" or not isinstance(family, str) or not isinstance(token_id, str):
            raise Unauthorized(_INVALID)
        return RefreshClaims(_user_id(claims), family, token_id, int(claims["exp"]))

    def _sign(self, claims: dict[str, Any], lifetime_s: int) -> str:
        now = self._clock.now_ms() // 1000
        return jwt.encode({**claims, "iat": now, "exp": now + lifetime_s}, self._secret, algorithm=_LOCAL_ALGORITHM)


def sign_for_issuer(principal: Principal, secret: bytes, settings: JwtSettings, clock: Clock, lifetime_s: int) -> str:
    """A token as an outside issuer would sign it that shares `secret` with this server."""
    now = clock.now_ms() // 1000
    claims: dict[str, Any] = {"sub": principal.user_id, "iat": now, "exp": now + lifetime_s}
    claims[settings.name_claim] = principal.name
    if settings.issuer is not None:
        claims["iss"] = settings.issuer
    if settings.audience is not None:
        claims["aud"] = settings.audience
    return jwt.encode(claims, secret, algorithm=settings.algorithms[0])


class SharedSecretVerifier:
    """Verifies tokens of an outside issuer that shares a secret with this server."""

    def __init__(self, secret: bytes, settings: JwtSettings) -> None:
        self._secret = secret
        self._settings = settings

    async def verify(self, token: str) -> Principal:
        """Verify an access token; see `Verifier`."""
        claims = _decode(token, self._secret, self._settings.algorithms, self._settings)
        return _external(claims, self._settings)


class PublicKeyVerifier:
    """Verifies tokens of an outside issuer that publishes its keys (JWKS). Keys are fetched once, then kept."""

    def __init__(self, settings: JwtSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._keys = jwt.PyJWKClient(
            settings.jwks_url or "",
            lifespan=settings.jwks_cache_s,
            timeout=_KEYS_TIMEOUT_S,
            cooldown_duration=_RETRY_KEYS_S,
        )
        self._fetching = asyncio.Lock()
        self._try_again_at = 0.0

    async def verify(self, token: str) -> Principal:
        """Verify an access token; see `Verifier`."""
        if len(token) > _LONGEST_TOKEN:
            raise Unauthorized(_INVALID)
        key = await self._key(token)
        if key.key_type == "oct":  # a published secret would let anybody sign
            raise Unauthorized(_INVALID)
        return _external(_decode(token, key, self._settings.algorithms, self._settings), self._settings)

    async def _key(self, token: str) -> jwt.PyJWK:
        async with self._fetching:  # one fetch at a time, however many tokens wait for it
            if self._clock.monotonic() < self._try_again_at:
                raise _keys_missing(None)
            try:
                return await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
            except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError, ValueError) as error:
                self._try_again_at = self._clock.monotonic() + _RETRY_KEYS_S
                raise _keys_missing(str(error)) from error
            except jwt.PyJWTError as error:
                raise Unauthorized(_INVALID, detail=str(error)) from error


def _keys_missing(detail: str | None) -> StreamError:
    return StreamError("Sign-ins cannot be checked just now. Try again in a moment.", retry_after=5, detail=detail)


def _decode(token: str, key: bytes | jwt.PyJWK, algorithms: Sequence[str], settings: JwtSettings) -> dict[str, Any]:
    if len(token) > _LONGEST_TOKEN:
        raise Unauthorized(_INVALID)
    try:
        return jwt.decode(
            token,
            key,
            algorithms=list(algorithms),
            audience=settings.audience,
            issuer=settings.issuer,
            leeway=settings.leeway_s,
            options={"require": ["exp", "sub"]},
        )
    except jwt.ExpiredSignatureError:
        raise Unauthorized(_EXPIRED) from None
    except jwt.InvalidTokenError as error:
        raise Unauthorized(_INVALID, detail=str(error)) from error


def _user_id(claims: dict[str, Any]) -> str:
    user_id = claims["sub"]
    if not isinstance(user_id, str) or not 0 < len(user_id) <= _LONGEST_USER_ID or not user_id.isprintable():
        raise Unauthorized(_INVALID)
    return user_id


def _principal(claims: dict[str, Any], settings: JwtSettings) -> Principal:
    kind = claims.get("kind", "external")
    if kind not in get_args(UserKind):
        raise Unauthorized(_INVALID)
    name, plan = claims.get(settings.name_claim), claims.get(settings.plan_claim)
    return Principal(
        user_id=_user_id(claims),
        kind=kind,
        name=name[:_LONGEST_USER_ID] if isinstance(name, str) else "",
        expires_at=int(claims["exp"]),
        plan=plan[:_LONGEST_USER_ID] if isinstance(plan, str) else None,
    )


def _external(claims: dict[str, Any], settings: JwtSettings) -> Principal:
    """A caller whom the outside issuer vouches for; its own claims never make it anything else."""
    return _principal({**claims, "kind": "external"}, settings)
