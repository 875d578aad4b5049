"""Signing in through an OpenID Connect provider: what is remembered while the browser is away, and who comes back."""

import hmac
import secrets
import time
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
import structlog

from podium.errors import InvalidCredentials, Unavailable
from podium.identity.oidc import OidcProvider
from podium.services.provider_users import ProviderUsers, is_admin
from podium.services.secrets import SecretBox

log = structlog.get_logger(__name__)

PROVIDER: Final = "oidc"
LIFETIME_S: Final = 600.0
"""How long the browser may be away."""

_CONTEXT: Final = "sign-in on its way"
_MAX_COOKIE: Final = 4096


class GroupSync(Protocol):
    """Whoever keeps the groups of providers."""

    async def sync(self, provider: str, user_id: str, groups: dict[str, str]) -> None:
        """The user is in exactly these groups of the provider: their names by the provider's ids."""


class _Away(msgspec.Struct, frozen=True, array_like=True):
    """What the browser carries there and back, sealed."""

    state: str
    nonce: str
    verifier: str
    next: str
    remember: bool
    redirect_uri: str
    expires: float


class Departure(msgspec.Struct, frozen=True):
    """`address`: where the browser goes. `sealed`: what it keeps, in a cookie, until it is back."""

    address: str
    sealed: str


class Arrival(msgspec.Struct, frozen=True):
    """Who came back, and where he wanted to go."""

    user_id: str
    next: str
    remember: bool


class OidcSignIn:
    """One provider. Nothing is remembered here: what a sign-in needs travels with the browser, sealed.

    So the answer is only taken from the browser that was sent away: nobody signs another in as himself.
    """

    def __init__(
        self,
        provider: OidcProvider,
        people: ProviderUsers,
        *,
        secret: str,
        admin_group: str,
        groups: GroupSync | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.provider = provider
        self._people = people
        self._box = SecretBox(secret)
        self._admin_group = admin_group
        self._groups = groups
        self._clock = clock

    async def depart(self, *, redirect_uri: str, next: str, remember: bool) -> Departure:  # noqa: A002
        """Raises ProviderUnavailable."""
        away = _Away(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            next=local_path(next),
            remember=remember,
            redirect_uri=redirect_uri,
            expires=self._clock() + LIFETIME_S,
        )
        address = await self.provider.address(
            state=away.state, nonce=away.nonce, verifier=away.verifier, redirect_uri=redirect_uri
        )
        return Departure(address, self._box.seal(msgspec.json.encode(away).decode(), context=_CONTEXT).hex())

    async def arrive(self, sealed: str, *, state: str, code: str, issuer: str | None) -> Arrival:
        """Raises InvalidCredentials, SignInRefused, ProviderUnavailable."""
        away = self._opened(sealed)
        if not hmac.compare_digest(away.state.encode(), state.encode(errors="surrogatepass")):
            raise InvalidCredentials("the answer is to another sign-in: begin again")
        if issuer is not None and issuer != self.provider.config.issuer:  # RFC 9207
            raise InvalidCredentials("the answer is another provider's")
        found = await self.provider.redeem(
            code, nonce=away.nonce, verifier=away.verifier, redirect_uri=away.redirect_uri
        )
        # a subject is unique at its issuer alone
        subject = f"{self.provider.config.issuer} {found.subject}"
        admin = is_admin(found.groups, self._admin_group)
        user = await self._people.arrive(PROVIDER, subject, found.name, admin=admin)
        if self._groups is not None and found.groups is not None:
            await self._groups.sync(PROVIDER, user.user_id, {name: name for name in found.groups})
        return Arrival(user.user_id, away.next, away.remember)

    def _opened(self, sealed: str) -> _Away:
        try:
            if len(sealed) > _MAX_COOKIE:
                raise ValueError(sealed[:10])
            text = self._box.open(bytes.fromhex(sealed), context=_CONTEXT)
            away = msgspec.json.decode(text, type=_Away)
        except (ValueError, Unavailable, msgspec.DecodeError) as error:
            raise InvalidCredentials("this browser did not begin to sign in here: begin again") from error
        if self._clock() >= away.expires:
            raise InvalidCredentials("that took too long: begin again")
        return away


def local_path(text: str) -> str:
    """`text` if it is an address within this site, else "/". Nothing that some browser would take for another site.

    Browsers drop tabs and line ends, and take a backslash for a slash (WHATWG URL, 4.4).
    """
    plain = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if plain and len(text) <= 1000 and all(33 <= ord(char) < 127 for char in text) else "/"
