"""Where a user is signed in: his browsers, listed and ended."""

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from podium.api.deps import WholeSession
from podium.api.inputs import ObjectId
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.api.users import own_or_forbidden
from podium.errors import CrossSite, Forbidden, MissingPrivileges, NotFound
from podium.services.sessions import Session
from podium.services.sign_ins import sign_in_of
from podium.services.tokens import Tokens
from podium.services.users import Users

router = APIRouter(prefix="/rest/v0/users/{user_id}/sessions", tags=["users"])


@router.head("", include_in_schema=False)
@router.get(
    "",
    operation_id="GetSignIns",
    responses={
        200: {
            "description": "The browsers, the newest sign-in first",
            "content": {"application/json": {"schema": {"type": "array", "items": reference("SignInInfo")}}},
        },
        **responses(Forbidden, NotFound),
    },
)
async def get_sign_ins(request: Request, user_id: ObjectId, session: WholeSession) -> Response:
    """The browsers that one is signed in with. Administrators see anybody's."""
    if not session.viewer.is_admin:
        own_or_forbidden(request, user_id, session)
    tokens, users = _services(request)
    users.get(user_id)
    found = await tokens.of_user(user_id, current=session.token_id)
    body = [sign_in_of(token) for token in found if token.kind == "session"]
    return Response(msgspec.json.encode(body), headers={"cache-control": "no-store"}, media_type="application/json")


@router.delete(
    "",
    operation_id="EndSignIns",
    status_code=204,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, NotFound),
)
async def end_sign_ins(request: Request, user_id: ObjectId, session: WholeSession) -> None:
    """Sign all browsers of a user out; of oneself: all but the one that asks. Tokens of scripts stay."""
    _require(request, user_id, session)
    tokens, _ = _services(request)
    await tokens.revoke_sign_ins(user_id, but=session.token_id)


@router.delete(
    "/{session_id}",
    operation_id="EndSignIn",
    status_code=204,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, NotFound),
)
async def end_sign_in(request: Request, user_id: ObjectId, session_id: ObjectId, session: WholeSession) -> None:
    """Sign one browser out. Its streams end at once."""
    _require(request, user_id, session)
    tokens, _ = _services(request)
    await tokens.revoke(user_id, session_id, kind="session")


def _require(request: Request, user_id: str, session: Session) -> None:
    """One's own, or the right to set his password: whoever has it can sign him out anyway."""
    if user_id != session.viewer.user_id:
        _, users = _services(request)
        session.viewer.require("update:password", "user", users.get(user_id))


def _services(request: Request) -> tuple[Tokens, Users]:
    return request.app.state.tokens, request.app.state.users
