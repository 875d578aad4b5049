"""Signing in through OpenID Connect: the browser goes to the provider and comes back."""

from typing import Annotated, Final, Literal
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse

from podium.api.auth import is_secure, set_cookie
from podium.api.credentials import client_address
from podium.api.problems import responses
from podium.errors import InvalidCredentials, NotFound, PodiumError, ProviderUnavailable
from podium.services.auth import Auth
from podium.services.oidc import LIFETIME_S, OidcSignIn
from podium.settings import Settings

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/rest/v0/auth", tags=["authentication"])

COOKIE: Final = "podium_oidc"
PATH: Final = "/rest/v0/auth/oidc"
NO_SIGN_IN: Final[dict[str, object]] = {"security": []}

ProviderName = Annotated[str, Path(max_length=32)]
Text = Annotated[str, Query(max_length=4096)]


class Provider(BaseModel):
    """A way to sign in. `start`: where to send the browser; absent where name and password go to `/auth/signin`."""

    name: str
    kind: Literal["password", "oidc", "ldap"]
    start: str | None = None


@router.head("/providers", include_in_schema=False)
@router.get("/providers", operation_id="GetSignInProviders", openapi_extra=NO_SIGN_IN, response_model_exclude_none=True)
async def providers(request: Request) -> list[Provider]:
    """The ways to sign in here."""
    settings: Settings = request.app.state.settings
    found = [Provider(name="password", kind="password")]
    if settings.ldap_url:
        found.append(Provider(name="ldap", kind="ldap"))
    if settings.oidc_issuer:
        name = settings.oidc_name
        found.append(Provider(name=name, kind="oidc", start=f"{PATH}/{name}/start"))
    return found


@router.get(
    "/oidc/{name}/start",
    operation_id="StartOidcSignIn",
    status_code=303,
    response_class=RedirectResponse,
    openapi_extra=NO_SIGN_IN,
    responses=responses(NotFound, ProviderUnavailable),
)
async def start(request: Request, name: ProviderName, next: Text = "/", remember: bool = False) -> RedirectResponse:  # noqa: A002
    """Send the browser to the provider. `next`: the page of this site to show in the end."""
    settings, sign_in = _sign_in(request, name)
    redirect_uri = _own_url(request, settings, f"{PATH}/{name}/callback")
    departure = await sign_in.depart(redirect_uri=redirect_uri, next=next, remember=remember)
    response = RedirectResponse(departure.address, 303, headers={"cache-control": "no-store"})
    response.set_cookie(
        COOKIE,
        departure.sealed,
        max_age=int(LIFETIME_S),
        path=PATH,
        secure=is_secure(request, settings),
        httponly=True,
        samesite="lax",
    )
    return response


@router.get(
    "/oidc/{name}/callback",
    operation_id="FinishOidcSignIn",
    status_code=303,
    response_class=RedirectResponse,
    openapi_extra=NO_SIGN_IN,
    responses=responses(NotFound),
)
async def callback(
    request: Request,
    name: ProviderName,
    code: Text = "",
    state: Text = "",
    error: Text = "",
    iss: Text | None = None,
) -> RedirectResponse:
    """The browser is back. It is signed in and goes on to its page, or to the sign-in page with what went wrong."""
    _, sign_in = _sign_in(request, name)
    auth: Auth = request.app.state.auth
    address = client_address(request)
    try:
        if error or not code or not state:
            raise InvalidCredentials(f"the provider did not sign in: {error[:100] or 'no code'}")
        arrival = await sign_in.arrive(request.cookies.get(COOKIE, ""), state=state, code=code, issuer=iss)
        agent = request.headers.get("user-agent", "")
        token = await auth.open_session(
            arrival.user_id, address=address, remember=arrival.remember, agent=agent, how=name
        )
    except PodiumError as failure:
        log.warning("sign-in failed", provider=name, address=address, code=failure.code, reason=str(failure)[:200])
        response = RedirectResponse(f"/signin?{urlencode({'problem': failure.code})}", 303)
    else:
        response = RedirectResponse(arrival.next, 303)
        set_cookie(request, response, token, remember=arrival.remember)
    response.headers["cache-control"] = "no-store"
    response.headers["referrer-policy"] = "no-referrer"  # the address of this page holds the code
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")
    return response


def _sign_in(request: Request, name: str) -> tuple[Settings, OidcSignIn]:
    settings: Settings = request.app.state.settings
    sign_in: OidcSignIn | None = request.app.state.oidc
    if sign_in is None or name != settings.oidc_name:
        raise NotFound("provider", name)
    return settings, sign_in


def _own_url(request: Request, settings: Settings, path: str) -> str:
    """Where the provider sends the browser back to. It takes only addresses that were registered with it."""
    base = settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return base.rstrip("/") + path
