"""The second factor of a user: set up, confirmed, replaced, removed."""

from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from podium.api.credentials import client_address
from podium.api.deps import CurrentSession, EnrollingSession, WholeSession
from podium.api.inputs import Body, Line, ObjectId, Password
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.api.users import own_or_forbidden
from podium.errors import (
    Conflict,
    CrossSite,
    Forbidden,
    MissingPrivileges,
    NotFound,
    OtpInvalid,
    SecondFactorRequired,
    TooManyAttempts,
    WrongPassword,
)
from podium.services.auth import Auth
from podium.services.second_factor import Enrolment, RecoveryCodes, SecondFactor, SecondFactors
from podium.services.sessions import Session, Sessions
from podium.services.users import Users

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/rest/v0/users/{user_id}/totp", tags=["users"])

Code = Annotated[Line, Field(min_length=1, max_length=64)]


class Proof(Body):
    """That it is really he: his password, or a code of the second factor."""

    password: Password | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def _one(self) -> "Proof":
        if (self.password is None) == (self.code is None):
            raise ValueError("say the password or a code")
        return self


class PasswordProof(Body):
    password: Password


class CodeBody(Body):
    """What the phone shows."""

    code: Code


def _answers(name: str, description: str) -> dict[int | str, dict[str, object]]:
    return {200: {"description": description, "content": {"application/json": {"schema": reference(name)}}}}


@router.head("", include_in_schema=False)
@router.get(
    "",
    operation_id="GetSecondFactor",
    responses={**_answers("SecondFactor", "The second factor"), **responses(MissingPrivileges, NotFound)},
)
async def status(request: Request, user_id: ObjectId, session: EnrollingSession) -> Response:
    """Whether a user's sign-in asks for a code, and whether it has to."""
    if user_id != session.viewer.user_id:
        users: Users = request.app.state.users
        session.viewer.require("read", "user", users.get(user_id))
    return _json(await _factors(request).status(user_id))


@router.post(
    "/actions/enrol",
    operation_id="EnrolSecondFactor",
    responses={
        **_answers("Enrolment", "What the phone must know, shown this once"),
        **responses(CrossSite, Forbidden, NotFound, Conflict, WrongPassword, TooManyAttempts),
    },
)
async def enrol(request: Request, user_id: ObjectId, body: PasswordProof, session: EnrollingSession) -> Response:
    """Begin to set up one's second factor. It counts when a code from the phone has confirmed it."""
    await _prove(request, user_id, session, password=body.password)
    return _json(await _factors(request).enrol(user_id))


@router.post(
    "/actions/confirm",
    operation_id="ConfirmSecondFactor",
    responses={
        **_answers("RecoveryCodes", "Codes for when the phone is lost, shown this once"),
        **responses(CrossSite, Forbidden, NotFound, Conflict, OtpInvalid),
    },
)
async def confirm(request: Request, user_id: ObjectId, body: CodeBody, session: EnrollingSession) -> Response:
    """The phone shows the right codes: from now on signing in takes one."""
    own_or_forbidden(request, user_id, session)
    codes = await _factors(request).confirm(user_id, body.code)
    _forget_passwords(request, user_id)
    return _json(codes)


@router.post(
    "/actions/regenerate",
    operation_id="RegenerateRecoveryCodes",
    responses={
        **_answers("RecoveryCodes", "Codes for when the phone is lost, shown this once"),
        **responses(CrossSite, Forbidden, NotFound, Conflict, WrongPassword, TooManyAttempts),
    },
)
async def regenerate(request: Request, user_id: ObjectId, body: Proof, session: WholeSession) -> Response:
    """New recovery codes; the old ones are good for nothing."""
    await _prove(request, user_id, session, password=body.password, code=body.code)
    return _json(await _factors(request).regenerate(user_id))


@router.post(
    "/actions/disable",
    operation_id="DisableSecondFactor",
    status_code=204,
    responses=responses(CrossSite, Forbidden, NotFound, WrongPassword, SecondFactorRequired, TooManyAttempts),
)
async def disable(request: Request, user_id: ObjectId, body: Proof, session: WholeSession) -> None:
    """Remove one's own second factor."""
    await _prove(request, user_id, session, password=body.password, code=body.code)
    await _factors(request).remove(user_id, by_himself=True)
    log.warning("second factor removed", user=user_id, by=user_id)
    _forget_passwords(request, user_id)


@router.delete(
    "",
    operation_id="ResetSecondFactor",
    status_code=204,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, NotFound),
)
async def reset(request: Request, user_id: ObjectId, session: CurrentSession) -> None:
    """Remove the second factor of somebody who has lost his phone and his codes. Not one's own."""
    users: Users = request.app.state.users
    session.viewer.require("update:password", "user", users.get(user_id))
    users.require_over(users.get(user_id), session.viewer)
    if user_id == session.viewer.user_id:
        raise Forbidden("one's own second factor is removed with the password or a code")
    await _factors(request).remove(user_id)
    log.warning("second factor removed", user=user_id, by=session.viewer.user_id)
    _forget_passwords(request, user_id)


async def _prove(
    request: Request, user_id: str, session: Session, *, password: str | None, code: str | None = None
) -> None:
    own_or_forbidden(request, user_id, session)
    auth: Auth = request.app.state.auth
    await auth.reprove(user_id, password=password, code=code, address=client_address(request))


def _forget_passwords(request: Request, user_id: str) -> None:
    """What was proven with other steps than are asked for now ends."""
    sessions: Sessions = request.app.state.sessions
    sessions.end_password_logins(user_id)


def _factors(request: Request) -> SecondFactors:
    factors: SecondFactors = request.app.state.factors
    return factors


def _json(value: SecondFactor | Enrolment | RecoveryCodes) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(value), headers=headers, media_type="application/json")
