import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.support.clock import ManualClock

from millrace.model.errors import StreamError, Unauthorized
from millrace.model.principal import Principal
from millrace.ops.clock import SystemClock
from millrace.server.settings_groups import JwtSettings
from millrace.server.tokens import LocalTokens, PublicKeyVerifier, SharedSecretVerifier, sign_for_issuer

SECRET = b"0123456789abcdef0123456789abcdef"
ADA = Principal(user_id="ada", kind="account", name="Ada")
FAR = 4_000_000_000


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def local() -> LocalTokens:
    return LocalTokens(SECRET, SystemClock())


async def test_a_token_speaks_for_whom_it_was_issued() -> None:
    principal = await local().verify(local().issue_access(ADA, 60))
    assert (principal.user_id, principal.kind, principal.name) == ("ada", "account", "Ada")
    assert principal.expires_at is not None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        f"{segment({'alg': 'none', 'typ': 'JWT'})}.{segment({'sub': 'ada', 'exp': FAR})}.",
        f"{segment({'alg': 'None', 'typ': 'JWT'})}.{segment({'sub': 'ada', 'exp': FAR})}.",
        jwt.encode({"sub": "ada", "exp": FAR}, b"another secret of thirty-two bytes", algorithm="HS256"),
        jwt.encode({"sub": "ada", "exp": FAR}, SECRET * 2, algorithm="HS512"),
        jwt.encode({"sub": "ada"}, SECRET, algorithm="HS256"),
        jwt.encode({"exp": FAR}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "", "exp": FAR}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "a\nb", "exp": FAR}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "a" * 256, "exp": FAR}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "ada", "exp": FAR, "kind": "admin"}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "ada", "exp": FAR, "use": "refresh"}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "ada", "exp": FAR, "aud": "somebody-else"}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "ada", "exp": FAR, "nbf": FAR - 1}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "ada", "exp": 1}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "ada", "exp": FAR, "pad": "x" * 9000}, SECRET, algorithm="HS256"),
    ],
)
async def test_whatever_is_not_a_valid_access_token_is_refused(token: str) -> None:
    with pytest.raises(Unauthorized):
        await local().verify(token)


async def test_an_expired_token_is_said_to_be_expired() -> None:
    with pytest.raises(Unauthorized, match="expired"):
        await local().verify(local().issue_access(ADA, -1))


async def test_a_changed_claim_breaks_the_signature() -> None:
    header, payload, signature = local().issue_access(ADA, 60).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = f"{header}.{segment({**claims, 'sub': 'grace'})}.{signature}"
    with pytest.raises(Unauthorized):
        await local().verify(forged)


def test_a_refresh_token_is_no_access_token_and_the_other_way_round() -> None:
    tokens = local()
    claims = tokens.verify_refresh(tokens.issue_refresh("ada", "family", "one", 60))
    assert (claims.user_id, claims.family, claims.token_id) == ("ada", "family", "one")
    with pytest.raises(Unauthorized):
        tokens.verify_refresh(tokens.issue_access(ADA, 60))


async def test_an_outside_issuer_with_a_shared_secret() -> None:
    settings = JwtSettings(issuer="https://issuer", audience="millrace", name_claim="given_name")
    verifier = SharedSecretVerifier(SECRET, settings)
    token = sign_for_issuer(ADA, SECRET, settings, SystemClock(), 60)
    principal = await verifier.verify(token)
    assert (principal.user_id, principal.kind, principal.name) == ("ada", "external", "Ada")
    claims = {"sub": "ada", "exp": FAR, "iss": "https://issuer", "aud": "millrace"}
    for wrong in ({"iss": "https://evil"}, {"aud": "other"}):
        with pytest.raises(Unauthorized):
            await verifier.verify(jwt.encode({**claims, **wrong}, SECRET, algorithm="HS256"))


async def test_an_outside_issuers_claims_make_nobody_an_account() -> None:
    token = jwt.encode({"sub": "ada", "exp": FAR, "kind": "account"}, SECRET, algorithm="HS256")
    assert (await SharedSecretVerifier(SECRET, JwtSettings()).verify(token)).kind == "external"


class Issuer:
    """Publishes keys over HTTP, and counts how often it is asked."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.jwks: dict[str, Any] = {"keys": [self.public_jwk("one")]}
        self.status = 200
        self.asked = 0
        self.url = ""

    def public_jwk(self, kid: str) -> dict[str, Any]:
        jwk: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {**jwk, "kid": kid, "use": "sig", "alg": "RS256"}

    def sign(self, kid: str = "one", **claims: Any) -> str:
        return jwt.encode({"sub": "ada", "exp": FAR, **claims}, self.key, algorithm="RS256", headers={"kid": kid})


@contextmanager
def issuing() -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            body = json.dumps(issuer.jwks).encode()
            self.send_response(issuer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.url = f"http://127.0.0.1:{server.server_port}/keys"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()


def public_key_verifier(issuer: Issuer, clock: ManualClock) -> PublicKeyVerifier:
    return PublicKeyVerifier(JwtSettings(algorithms=("RS256",), jwks_url=issuer.url), clock)


async def test_published_keys_verify_and_are_fetched_once() -> None:
    with issuing() as issuer:
        verifier = public_key_verifier(issuer, ManualClock())
        principals = await asyncio.gather(*(verifier.verify(issuer.sign(name="Ada")) for _ in range(20)))
        assert {(each.user_id, each.kind, each.name) for each in principals} == {("ada", "external", "Ada")}
        assert issuer.asked == 1


async def test_a_public_key_is_no_shared_secret() -> None:
    """The classic confusion: signing with the published key as if it were an HMAC secret."""
    with issuing() as issuer:
        pem = issuer.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        header, payload = segment({"alg": "HS256", "kid": "one"}), segment({"sub": "ada", "exp": FAR})
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            f"{header}.{payload}".encode(), pem
        )
        forged = f"{header}.{payload}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
        with pytest.raises(Unauthorized):
            await public_key_verifier(issuer, ManualClock()).verify(forged)


async def test_a_published_secret_verifies_nothing() -> None:
    with issuing() as issuer:
        secret = base64.urlsafe_b64encode(SECRET).decode().rstrip("=")
        issuer.jwks = {"keys": [{"kty": "oct", "kid": "one", "alg": "HS256", "k": secret}]}
        token = jwt.encode({"sub": "ada", "exp": FAR}, SECRET, algorithm="HS256", headers={"kid": "one"})
        with pytest.raises(Unauthorized):
            await public_key_verifier(issuer, ManualClock()).verify(token)


async def test_unknown_keys_do_not_make_us_ask_again_and_again() -> None:
    with issuing() as issuer:
        verifier = public_key_verifier(issuer, ManualClock())
        for number in range(10):
            with pytest.raises(Unauthorized):
                await verifier.verify(issuer.sign(kid=f"unknown-{number}"))
        assert issuer.asked == 1


async def test_an_issuer_that_does_not_answer_is_left_alone_for_a_while() -> None:
    with issuing() as issuer:
        issuer.status = 500
        clock = ManualClock()
        verifier = public_key_verifier(issuer, clock)
        for _ in range(3):
            with pytest.raises(StreamError, match="Try again"):
                await verifier.verify(issuer.sign())
        assert issuer.asked == 1
        issuer.status = 200
        clock.advance(6)
        assert (await verifier.verify(issuer.sign())).user_id == "ada"
