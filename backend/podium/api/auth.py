"""Signing in and out of the web client. Scripts need none of it: they send a password or a token with each request."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from podium.api.credentials import COOKIE, client_address, require_same_site
from podium.api.deps import CurrentSession
from podium.api.inputs import Body, Name, Password
from podium.api.problems import responses
from podium.errors import CrossSite, InvalidCredentials, TooManyAttempts
from podium.services.auth import Auth
from podium.services.users import Users
from podium.settings import Settings

router = APIRouter(prefix="/rest/v0/auth", tags=["authentication"])


class SignIn(Body):
    """An account and its password. `remember`: stay signed in when the browser closes."""

    username: Name
    password: Password
    remember: bool = False


class SignedInUser(BaseModel):
    id: str
    name: str
    permission: Literal["none", "admin"]
    preferences: dict[str, object]


class SessionInfo(BaseModel):
    """Who is signed in, and until when (milliseconds; absent for a password sent with the request)."""

    user: SignedInUser
    expires: Annotated[int | None, Field(description="when the sign-in ends, ms")] = None


@router.post(
    "/signin",
    operation_id="SignIn",
    responses=responses(InvalidCredentials, TooManyAttempts, CrossSite),
)
async def sign_in(request: Request, response: Response, body: SignIn) -> SessionInfo:
    """Sign in: sets the cookie `authenticationToken`. No page of another site can do this for a visitor."""
    require_same_site(request)
    auth: Auth = request.app.state.auth
    users: Users = request.app.state.users
    settings: Settings = request.app.state.settings
    token = await auth.sign_in(
        body.username,
        body.password,
        address=client_address(request),
        remember=body.remember,
        agent=request.headers.get("user-agent", ""),
    )
    response.set_cookie(
        COOKIE,
        token.id,
        max_age=int(settings.remembered_lifetime_s) if body.remember else None,
        path="/",
        secure=_secure(request, settings),
        httponly=True,
        samesite="lax",
    )
    response.headers["cache-control"] = "no-store"
    return _info(users, token.user_id, token.expiration)


@router.post("/signout", operation_id="SignOut", status_code=204, responses=responses(CrossSite))
async def sign_out(request: Request, session: CurrentSession) -> Response:
    """Sign out: the token is revoked, its streams end, the cookie goes."""
    auth: Auth = request.app.state.auth
    await auth.sign_out(session)
    response = Response(status_code=204)
    # the other name is a common one: it may be another application's on this host
    response.delete_cookie(COOKIE if COOKIE in request.cookies else "token", path="/", httponly=True, samesite="lax")
    return response


@router.head("/session", include_in_schema=False)
@router.get("/session", operation_id="GetSession", responses=responses(InvalidCredentials))
async def get_session(request: Request, response: Response, session: CurrentSession) -> SessionInfo:
    """Who makes this request."""
    response.headers["cache-control"] = "no-store"
    expires = int(session.expires * 1000) if session.token_id is not None else None
    return _info(request.app.state.users, session.viewer.user_id, expires)


def _info(users: Users, user_id: str, expires: int | None) -> SessionInfo:
    user = users.get(user_id)
    return SessionInfo(
        user=SignedInUser(id=user.id, name=user.name, permission=user.permission, preferences=dict(user.preferences)),
        expires=expires,
    )


def _secure(request: Request, settings: Settings) -> bool:
    if settings.cookie_secure == "auto":
        return request.url.scheme == "https"
    return settings.cookie_secure == "always"
