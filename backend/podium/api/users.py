"""Users and their tokens: what the collections do not do by themselves."""

from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, Field
from starlette.responses import RedirectResponse, Response

from podium.api.actions import Created
from podium.api.credentials import client_address
from podium.api.deps import CurrentSession, CurrentViewer, WholeSession
from podium.api.inputs import Body, Line, Name, ObjectId, Password, Secret, storable_json
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.cache.filter import parse_filter
from podium.errors import (
    CannotGrant,
    Conflict,
    CrossSite,
    FilterSyntax,
    Forbidden,
    InvalidParameters,
    MissingPrivileges,
    NameTaken,
    NotFound,
    TooManyAttempts,
    WrongPassword,
)
from podium.services.auth import Auth
from podium.services.sessions import Session
from podium.services.token_view import Scope, Token
from podium.services.tokens import Tokens
from podium.services.users import UserChange, Users

router = APIRouter(prefix="/rest/v0/users", tags=["users"])

MCP_CONFIRM: Final = {"x-mcp-exposure": "confirm"}

_TOKENS: Final = {"type": "array", "items": reference("Token")}
_TOKEN_MADE: Final[dict[str, Any]] = {
    "description": "The token: `id` is its secret, shown this once",
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"token": reference("Token")}, "required": ["token"]}
        }
    },
}

Preferences = Annotated[dict[str, Any], AfterValidator(storable_json), Field(max_length=1000)]


class NewUser(Body):
    name: Name
    password: Password
    permission: Literal["none", "admin"] = "none"


class UserPatch(Body):
    """What is left out stays. `preferences` are replaced as a whole.

    `oldPassword`: whoever replaces his own password says the old one as well.
    """

    name: Name | None = None
    password: Password | None = None
    old_password: Annotated[Password | None, Field(alias="oldPassword")] = None
    permission: Literal["none", "admin"] | None = None
    preferences: Preferences | None = None


class TokenClientBody(Body):
    """Whoever uses the token. A client with a valid token gets that one again, with its life prolonged."""

    id: Annotated[Line, Field(min_length=1, max_length=255)] | None = None


class NewToken(Body):
    client: TokenClientBody | None = None
    description: Annotated[Secret, Field(max_length=1000)] | None = None
    expires_in: Annotated[
        Annotated[float, Field(gt=0, le=1e15, allow_inf_nan=False)] | Annotated[Line, Field(max_length=40)] | None,
        Field(alias="expiresIn", description="milliseconds, or '1 hour'; a minute to half a year; 30 days without"),
    ] = None
    scope: Annotated[Scope, Field(description="read: it changes nothing")] = "all"
    filter: Annotated[
        Annotated[Secret, Field(max_length=10_000)] | None,
        Field(description="in the language of lists: the objects that the token is good for"),
    ] = None


@router.api_route("/me", methods=["GET", "HEAD", "PATCH", "DELETE"], include_in_schema=False)
@router.api_route("/me/{rest:path}", methods=["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"], include_in_schema=False)
async def me(request: Request, viewer: CurrentViewer, rest: str = "") -> Response:
    """`/users/me/...` is an alias: 307, so that method and body go along."""
    target = f"/rest/v0/users/{viewer.user_id}"
    raw: bytes = request.scope.get("raw_path", request.url.path.encode())
    _, _, tail = raw.partition(b"/users/me/")
    if rest:
        target += "/" + tail.decode("ascii", "replace")
    if request.url.query:
        target += f"?{request.url.query}"
    return RedirectResponse(target, 307)


@router.post(
    "",
    operation_id="CreateUser",
    status_code=201,
    responses=responses(CrossSite, MissingPrivileges, CannotGrant, NameTaken),
    openapi_extra=MCP_CONFIRM,
)
async def create_user(request: Request, response: Response, body: NewUser, viewer: CurrentViewer) -> Created:
    """Add a user."""
    users: Users = request.app.state.users
    users.require_new(body.name, body.permission, by=viewer)
    user_id = await users.create(body.name, body.password, body.permission)
    response.headers["location"] = f"/rest/v0/users/{user_id}"
    return Created(id=user_id)


@router.patch(
    "/{user_id}",
    operation_id="UpdateUser",
    status_code=204,
    responses=responses(
        CrossSite,
        Forbidden,
        WrongPassword,
        MissingPrivileges,
        CannotGrant,
        NotFound,
        NameTaken,
        Conflict,
        TooManyAttempts,
    ),
    openapi_extra=MCP_CONFIRM,
)
async def update_user(request: Request, user_id: ObjectId, body: UserPatch, session: WholeSession) -> None:
    """Change a user. Nobody changes his own permission; a new password signs his other browsers out."""
    users: Users = request.app.state.users
    proven = False
    if body.password is not None and body.old_password is not None and user_id == session.viewer.user_id:
        auth: Auth = request.app.state.auth
        await auth.reprove(user_id, password=body.old_password, address=client_address(request))
        proven = True
    change = UserChange(
        name=body.name, password=body.password, permission=body.permission, preferences=body.preferences
    )
    await users.change(user_id, change, by=session.viewer, session=session, proven=proven)


@router.delete(
    "/{user_id}",
    operation_id="DeleteUser",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, NotFound, Conflict),
    openapi_extra=MCP_CONFIRM,
)
async def delete_user(request: Request, user_id: ObjectId, viewer: CurrentViewer) -> None:
    """Remove a user and his tokens; his streams end. The last administrator stays."""
    users: Users = request.app.state.users
    await users.delete(user_id, by=viewer)


@router.head("/{user_id}/authentication_tokens", include_in_schema=False)
@router.get(
    "/{user_id}/authentication_tokens",
    operation_id="GetAuthenticationTokens",
    responses={
        200: {"description": "The tokens", "content": {"application/json": {"schema": _TOKENS}}},
        **responses(Forbidden, NotFound, FilterSyntax),
    },
)
async def get_tokens(
    request: Request,
    user_id: ObjectId,
    session: CurrentSession,
    filter: Annotated[str | None, Query(max_length=10_000)] = None,  # noqa: A002 -- the API's word
    limit: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
) -> Response:
    """One's own valid tokens, newest first, sign-ins of browsers among them. Their secrets are not shown again."""
    own_or_forbidden(request, user_id, session)
    tokens: Tokens = request.app.state.tokens
    found = await tokens.of_user(user_id, current=session.token_id)
    if filter is not None and not filter.isspace() and filter:
        wanted = parse_filter(filter)
        found = [token for token in found if wanted.matches(token)]
    return _json(found[:limit], 200)


@router.post(
    "/authentication_tokens",
    operation_id="PostDeprecatedAuthenticationTokens",
    status_code=201,
    deprecated=True,
    responses={201: _TOKEN_MADE, **responses(CrossSite)},
    openapi_extra=MCP_CONFIRM,
)
async def create_own_token(request: Request, session: WholeSession, body: NewToken) -> Response:
    """A token for oneself. Xen Orchestra's old address for it."""
    return await _create_token(request, session.viewer.user_id, session, body)


@router.post(
    "/{user_id}/authentication_tokens",
    operation_id="PostAuthenticationTokens",
    status_code=201,
    responses={201: _TOKEN_MADE, **responses(CrossSite, Forbidden, NotFound)},
    openapi_extra=MCP_CONFIRM,
)
async def create_token(request: Request, user_id: ObjectId, session: WholeSession, body: NewToken) -> Response:
    """A token for oneself: `token.id` goes into the cookie `authenticationToken` or behind `Bearer`."""
    own_or_forbidden(request, user_id, session)
    return await _create_token(request, user_id, session, body)


@router.delete(
    "/{user_id}/authentication_tokens/{token_id}",
    operation_id="DeleteAuthenticationToken",
    status_code=204,
    responses=responses(CrossSite, Forbidden, NotFound),
    openapi_extra=MCP_CONFIRM,
)
async def delete_token(request: Request, user_id: ObjectId, token_id: ObjectId, session: WholeSession) -> None:
    """Revoke a token by its `token_id`: it is refused from now on, and its streams end. Administrators revoke any."""
    if not session.viewer.is_admin:
        own_or_forbidden(request, user_id, session)
    tokens: Tokens = request.app.state.tokens
    await tokens.revoke(user_id, token_id)


def own_or_forbidden(request: Request, user_id: str, session: Session) -> None:
    """Raises NotFound, and Forbidden for another's."""
    if user_id != session.viewer.user_id:
        users: Users = request.app.state.users
        users.get(user_id)
        raise Forbidden("only one's own")


async def _create_token(request: Request, user_id: str, session: Session, body: NewToken) -> Response:
    tokens: Tokens = request.app.state.tokens
    if isinstance(body.expires_in, str) and not body.expires_in.strip():
        raise InvalidParameters("expiresIn must not be empty")
    token = await tokens.create(
        user_id,
        expires_in=body.expires_in,
        client_id=body.client.id if body.client is not None else None,
        description=body.description,
        scope=body.scope,
        filter=body.filter if body.filter is not None and body.filter.strip() else None,
        created_by=session.viewer.user_id,
        address=client_address(request),
    )
    return _json({"token": token}, 201)


def _json(value: list[Token] | dict[str, Token], status: int) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(value), status, headers=headers, media_type="application/json")
