"""An OpenID Connect provider, as its client: discovery, authorization code with PKCE, the ID token checked.

Sources: OpenID Connect Core 1.0 (3.1) and Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (iss in the answer), RFC 8725.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from podium.errors import InvalidCredentials, ProviderUnavailable

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
"""Only signatures by a private key that the provider alone has; never `none`, never HMAC."""

_TIMEOUT_S: Final = 10.0
_MAX_ANSWER: Final = 1024 * 1024
_FRESH_S: Final = 3600.0
_KEYS_AGAIN_S: Final = 10.0
_LEEWAY_S: Final = 60
_MAX_TEXT: Final = 255


class OidcConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator says of the provider. `group_claim`: where the names of a user's groups are; "": nowhere."""

    issuer: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...]
    group_claim: str = ""


class Vouched(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the provider vouches for. `groups`: their names; None: it does not say."""

    subject: str
    name: str
    groups: tuple[str, ...] | None = None


class _Metadata(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class OidcProvider:
    """What was discovered is kept for an hour, keys too; an unknown key makes us ask for them again, now and then."""

    def __init__(self, config: OidcConfig, *, clock: Callable[[], float] = time.time) -> None:
        self.config = config
        self._clock = clock
        self._http = httpx.AsyncClient(
            timeout=_TIMEOUT_S, follow_redirects=False, headers={"accept": "application/json"}
        )
        self._metadata: tuple[float, _Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def close(self) -> None:
        await self._http.aclose()

    async def address(self, *, state: str, nonce: str, verifier: str, redirect_uri: str) -> str:
        """Where to send the browser. Raises ProviderUnavailable."""
        metadata = await self._discovered()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self.config.client_id,
                "redirect_uri": redirect_uri,
                "scope": " ".join(self.config.scopes),
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
        )
        joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return f"{metadata.authorization_endpoint}{joint}{query}"

    async def redeem(self, code: str, *, nonce: str, verifier: str, redirect_uri: str) -> Vouched:
        """Whom the code stands for. Raises InvalidCredentials when it, or the token for it, is not right."""
        metadata = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        config = self.config
        if not config.client_secret:
            form["client_id"] = config.client_id
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            pair = f"{quote(config.client_id, safe='')}:{quote(config.client_secret, safe='')}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()  # RFC 6749, 2.3.1
        else:
            form |= {"client_id": config.client_id, "client_secret": config.client_secret}
        status, body = await self._ask("POST", metadata.token_endpoint, data=form, headers=headers)
        if 400 <= status < 500:
            raise InvalidCredentials("the provider did not take the code")
        tokens = _decoded(body, _Tokens, "token endpoint", status)
        claims = await self._checked(tokens.id_token, nonce)
        return await self._vouched(claims, tokens.access_token, metadata)

    async def _checked(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token: signed by the provider, for us, for this very sign-in, and not too old."""
        claims = await self._verified(id_token)
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self.config.issuer},
            aud={"essential": True, "value": self.config.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise InvalidCredentials(
                f"the provider's token is not right: {error.description or error.error}"
            ) from error
        audience = claims["aud"]
        party = claims.get("azp", self.config.client_id)
        if party != self.config.client_id or (isinstance(audience, list) and len(audience) > 1 and "azp" not in claims):
            raise InvalidCredentials("the provider's token is for somebody else")
        said = claims.get("nonce")
        if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
            raise InvalidCredentials("the provider's token is of another sign-in")
        return claims

    async def _verified(self, id_token: str) -> dict[str, Any]:
        for again in (False, True):
            keys = await self._key_set(again=again)
            try:
                return dict(jwt.decode(id_token, keys, algorithms=list(ALGORITHMS)).claims)
            except (JoseError, ValueError, TypeError, KeyError) as error:
                failure = error
        raise InvalidCredentials("the provider's token is not signed as it should be") from failure

    async def _vouched(self, claims: Mapping[str, Any], access_token: str, metadata: _Metadata) -> Vouched:
        """`claims` as a person. What the ID token does not say is asked for at the userinfo endpoint."""
        subject = claims["sub"]
        if not subject or len(subject) > _MAX_TEXT:
            raise InvalidCredentials("the provider's token names nobody")
        claim = self.config.group_claim
        known = _name(claims) is not None and (not claim or claim in claims)
        if not known and metadata.userinfo_endpoint and access_token:
            headers = {"authorization": f"Bearer {access_token}"}
            status, body = await self._ask("GET", metadata.userinfo_endpoint, headers=headers)
            more = _decoded(body, dict[str, Any], "userinfo endpoint", status)
            if more.get("sub") != subject:  # Core 5.3.2
                raise InvalidCredentials("the provider speaks of two people")
            claims = {**more, **claims}
        groups = claims.get(claim) if claim else None
        if isinstance(groups, str):
            groups = [groups]
        return Vouched(
            subject=subject,
            name=(_name(claims) or subject)[:_MAX_TEXT],
            groups=tuple(one for one in groups if isinstance(one, str)) if isinstance(groups, list) else None,
        )

    async def _discovered(self) -> _Metadata:
        now = self._clock()
        if self._metadata is not None and 0 <= now - self._metadata[0] < _FRESH_S:
            return self._metadata[1]
        status, body = await self._ask("GET", f"{self.config.issuer.rstrip('/')}/.well-known/openid-configuration")
        found: _Metadata = _decoded(body, _Metadata, "discovery document", status)
        if found.issuer != self.config.issuer:  # Discovery 4.3: or another's tokens would be taken for its own
            raise ProviderUnavailable("the provider says that it is another one than was configured")
        for url in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint):
            if url and not is_safe(url):
                raise ProviderUnavailable("the provider names an address that is not https")
        self._metadata = (now, found)
        return found

    async def _key_set(self, *, again: bool) -> KeySet:
        now = self._clock()
        if self._keys is not None and 0 <= now - self._keys[0] < (_KEYS_AGAIN_S if again else _FRESH_S):
            return self._keys[1]
        metadata = await self._discovered()
        status, body = await self._ask("GET", metadata.jwks_uri)
        found = _decoded(body, dict[str, Any], "key set", status)
        try:
            keys = KeySet.import_key_set({"keys": found["keys"]})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderUnavailable("the provider's keys cannot be read") from error
        self._keys = (now, keys)
        return keys

    async def _ask(self, method: str, url: str, **more: Any) -> tuple[int, bytes]:
        """Status and body, bounded in time and size. Raises ProviderUnavailable."""
        try:
            async with self._http.stream(method, url, **more) as answer:
                body = b""
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > _MAX_ANSWER:
                        raise ProviderUnavailable("the provider's answer is too long")
                return answer.status_code, body
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderUnavailable(f"the provider does not answer: {type(error).__name__}") from error


def is_safe(url: str) -> bool:
    """Whether secrets may be sent there: https, or this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in {"localhost", "127.0.0.1", "::1"})


def _name(claims: Mapping[str, Any]) -> str | None:
    """What the user is called here: of what he is called there, the first that is said."""
    for claim in ("preferred_username", "email"):
        value = claims.get(claim)
        if isinstance(value, str) and (plain := "".join(char for char in value if char.isprintable()).strip()):
            return plain
    return None


def _decoded(body: bytes, kind: type[Any], what: str, status: int) -> Any:
    """`body` as `kind`. Numbers that are no JSON (NaN) and all else that is not as it should be are refused."""
    if status != 200:
        raise ProviderUnavailable(f"the provider's {what} answers {status}")
    try:
        return msgspec.convert(json.loads(body), kind)
    except (ValueError, msgspec.ValidationError, RecursionError) as error:
        raise ProviderUnavailable(f"the provider's {what} cannot be read") from error
