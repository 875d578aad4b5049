"""Signing in and out of the web client. Scripts need none of it: they send a password or a token with each request."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from podium.api.credentials import COOKIE, client_address, require_same_site
from podium.api.deps import EnrollingSession
from podium.api.inputs import Body, Line, Name, Password
from podium.api.problems import responses
from podium.errors import (
    CrossSite,
    InvalidCredentials,
    OtpInvalid,
    OtpRequired,
    ProviderUnavailable,
    TooManyAttempts,
)
from podium.services.auth import Auth, Bearer
from podium.services.sessions import Session
from podium.services.token_view import Token
from podium.services.users import Users
from podium.settings import Settings

router = APIRouter(prefix="/rest/v0/auth", tags=["authentication"])


class SignIn(Body):
    """An account and its password. `remember`: stay signed in when the browser closes.

    `otp`: the code of the second factor, or a recovery code, where the account has one (`otp-required` says so).
    """

    username: Name
    password: Password
    remember: bool = False
    otp: Annotated[Line, Field(min_length=1, max_length=64)] | None = None


class SignedInUser(BaseModel):
    id: str
    name: str
    permission: Literal["none", "admin"]
    preferences: dict[str, object]


class SessionInfo(BaseModel):
    """Who is signed in, and until when (milliseconds; absent for a password sent with the request)."""

    user: SignedInUser
    expires: Annotated[int | None, Field(description="when the sign-in ends, ms")] = None
    must_enrol: Annotated[
        bool, Field(serialization_alias="mustEnrol", description="a second factor must be set up before anything else")
    ] = False


@router.post(
    "/signin",
    operation_id="SignIn",
    responses=responses(InvalidCredentials, OtpRequired, OtpInvalid, TooManyAttempts, CrossSite, ProviderUnavailable),
)
async def sign_in(request: Request, response: Response, body: SignIn) -> SessionInfo:
    """Sign in: sets the cookie `authenticationToken`. No page of another site can do this for a visitor."""
    require_same_site(request)
    auth: Auth = request.app.state.auth
    address = client_address(request)
    token = await auth.sign_in(
        body.username,
        body.password,
        address=address,
        remember=body.remember,
        agent=request.headers.get("user-agent", ""),
        otp=body.otp,
    )
    set_cookie(request, response, token, remember=body.remember)
    session = await auth.authenticate(Bearer(token.id, from_cookie=True), address=address, enrolling=True)
    return _info(request.app.state.users, session)


def set_cookie(request: Request, response: Response, token: Token, *, remember: bool) -> None:
    """The browser is signed in with `token`."""
    settings: Settings = request.app.state.settings
    response.set_cookie(
        COOKIE,
        token.id,
        max_age=int(settings.remembered_lifetime_s) if remember else None,
        path="/",
        secure=is_secure(request, settings),
        httponly=True,
        samesite="lax",
    )
    response.headers["cache-control"] = "no-store"


@router.post("/signout", operation_id="SignOut", status_code=204, responses=responses(CrossSite))
async def sign_out(request: Request, session: EnrollingSession) -> Response:
    """Sign out: the token is revoked, its streams end, the cookie goes."""
    auth: Auth = request.app.state.auth
    await auth.sign_out(session)
    response = Response(status_code=204)
    # the other name is a common one: it may be another application's on this host
    response.delete_cookie(COOKIE if COOKIE in request.cookies else "token", path="/", httponly=True, samesite="lax")
    return response


@router.head("/session", include_in_schema=False)
@router.get("/session", operation_id="GetSession", responses=responses(InvalidCredentials))
async def get_session(request: Request, response: Response, session: EnrollingSession) -> SessionInfo:
    """Who makes this request."""
    response.headers["cache-control"] = "no-store"
    return _info(request.app.state.users, session)


def _info(users: Users, session: Session) -> SessionInfo:
    user = users.get(session.viewer.user_id)
    return SessionInfo(
        user=SignedInUser(id=user.id, name=user.name, permission=user.permission, preferences=dict(user.preferences)),
        expires=int(session.expires * 1000) if session.token_id is not None else None,
        must_enrol=session.must_enrol,
    )


def is_secure(request: Request, settings: Settings) -> bool:
    """Whether cookies are for https alone."""
    if settings.cookie_secure == "auto":
        return request.url.scheme == "https"
    return settings.cookie_secure == "always"
