"""`POST /can`: whether one may, before trying, and which privilege decides."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, storable_json
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.errors import InvalidParameters, Unauthorized
from podium.services.can import Can

router = APIRouter(prefix="/rest/v0", tags=["acl-privileges"])

MOST: Final = 10_000
"""Objects in one request."""

Word = Annotated[Line, Field(min_length=1, max_length=64)]


class Check(Body):
    """With `ids`: each of these objects. With `body`: something new, described as the request that makes it would."""

    action: Word
    resource: Word
    ids: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=1_000)] | None = None
    body: Annotated[dict[str, Any], AfterValidator(storable_json), Field(max_length=50)] | None = None


class Checks(Body):
    checks: Annotated[list[Check], Field(max_length=100)]


_ANSWER: Final = {
    "description": "One answer per check, in their order",
    "content": {"application/json": {"schema": {"type": "array", "items": reference("Checked")}}},
}


@router.post(
    "/can",
    operation_id="Can",
    responses={200: _ANSWER, **responses(Unauthorized)},
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def can(request: Request, body: Checks, viewer: CurrentViewer) -> Response:
    """Ask for a list of actions and objects. What you may not see is answered as what does not exist."""
    service: Can = request.app.state.can
    if sum(len(one.ids or ()) for one in body.checks) > MOST:
        raise InvalidParameters(f"one request asks about at most {MOST} objects")
    found = [service.check(one.action, one.resource, one.ids, one.body, by=viewer) for one in body.checks]
    return Response(msgspec.json.encode(found), media_type="application/json", headers={"cache-control": "no-store"})
