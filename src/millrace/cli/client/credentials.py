"""Signing in: a token that was given, a guest's cookie, or an account."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

from millrace.cli.client.api import Credential, Web
from millrace.cli.client.errors import Rejected, SignInNeeded
from millrace.cli.client.shapes import AuthSession, SignedIn, User
from millrace.cli.client.vault import Keepsake, Vault

GUEST_COOKIE = "millrace_session"


class AskPerson(Protocol):
    """Asks whoever sits at the terminal; raises `SignInNeeded` where nobody does."""

    async def email(self, default: str) -> str:
        """The address of the account."""

    async def password(self) -> str:
        """Its password, which is not shown."""


class GivenToken:
    """Implements `Credential`: a token from outside, which nobody here can renew."""

    def __init__(self, token: str) -> None:
        self._token = token

    def headers(self) -> Mapping[str, str]:
        """The token as a bearer."""
        return {"Authorization": f"Bearer {self._token}"}

    async def renew(self) -> None:
        """Impossible."""
        raise SignInNeeded("The server does not accept this token, or it has expired. Give another one with --token.")


class Guest:
    """Implements `Credential`: a guest, known by the cookie that the vault keeps."""

    def __init__(self, web: Web, vault: Vault) -> None:
        self._web = web
        self._vault = vault
        self._cookie = vault.get(web.url).guest

    def headers(self) -> Mapping[str, str]:
        """The cookie."""
        return {} if self._cookie is None else {"Cookie": f"{GUEST_COOKIE}={self._cookie}"}

    async def renew(self) -> None:
        """Become a guest again; a cookie that is still good stays the same guest's."""
        await self.session()

    async def session(self) -> AuthSession:
        """Who we are, and how one signs in here; keeps the cookie that may come with it."""
        body, cookies = await self._web.request("GET", "/api/auth/session", headers=self.headers())
        given = cookies.get(GUEST_COOKIE)
        found = self._web.read(body, AuthSession)
        if given and found.mode == "guest":
            self._cookie = given
            self._vault.put(self._web.url, Keepsake(guest=given))
        return found


class Account:
    """Implements `Credential`: an account. Its password is never kept, its refresh token is, in the vault."""

    def __init__(self, web: Web, vault: Vault, person: AskPerson) -> None:
        self._web = web
        self._vault = vault
        self._person = person
        self._access: str | None = None
        self.user: User | None = None

    def headers(self) -> Mapping[str, str]:
        """The access token as a bearer."""
        return {} if self._access is None else {"Authorization": f"Bearer {self._access}"}

    async def renew(self) -> None:
        """Exchange the refresh token for a new access token."""
        if not await self.refresh():
            raise SignInNeeded("Your sign-in has ended. Start `millrace chat` again to sign in.")

    async def refresh(self) -> bool:
        """Exchange the refresh token; false where there is none that is still good."""
        # It is good once: no other program may use it between our reading and our writing.
        async with self._vault.held():
            kept = self._vault.get(self._web.url)
            if kept.refresh_token is None:
                return False
            try:
                body, _ = await self._web.request(
                    "POST", "/api/auth/refresh", json={"refresh_token": kept.refresh_token}
                )
            except Rejected as error:
                if error.status != HTTPStatus.UNAUTHORIZED:
                    raise
                self._vault.put(self._web.url, Keepsake(email=kept.email))
                return False
            self._take(body, kept.email)
        return True

    async def sign_in(self) -> None:
        """Ask for the address and the password, and keep what they are exchanged for."""
        email = await self._person.email(self._vault.get(self._web.url).email or "")
        password = await self._person.password()
        body, _ = await self._web.request("POST", "/api/auth/login", json={"email": email, "password": password})
        self._take(body, email)

    def _take(self, body: bytes, email: str | None) -> None:
        signed_in = self._web.read(body, SignedIn)
        self._access, self.user = signed_in.access_token, signed_in.user
        self._vault.put(self._web.url, Keepsake(refresh_token=signed_in.refresh_token, email=email))


async def sign_in(web: Web, vault: Vault, person: AskPerson, token: str | None) -> tuple[Credential, User]:
    """The credential for a server, and who it makes us.

    Raises:
        Rejected: The server refused the address or the password.
        SignInNeeded: A token is needed, or a person who is not there.
        Unreachable: There is no server.
    """
    guest = Guest(web, vault)
    if token is not None:
        given = GivenToken(token)
        body, cookies = await web.request("GET", "/api/auth/session", headers=given.headers())
        found = web.read(body, AuthSession)
        if found.user is None or GUEST_COOKIE in cookies:  # a new guest: the token was not taken for anybody
            await given.renew()
        return given, found.user or User("", "", "external")
    session = await guest.session()
    if session.mode == "accounts":
        account = Account(web, vault, person)
        if not await account.refresh():
            await account.sign_in()
        return account, account.user or User("", "", "account")
    if session.mode == "jwt" or session.user is None:
        raise SignInNeeded("This server wants a token. Give one with --token or in MILLRACE_TOKEN.")
    return guest, session.user
