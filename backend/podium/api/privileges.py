"""Privileges: what the collections do not do by themselves."""

from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId, Secret
from podium.api.problems import responses
from podium.errors import CannotGrant, CrossSite, Forbidden, MissingPrivileges, NotFound
from podium.model.role import Effect, Reach
from podium.services.privileges import PrivilegeChange, Privileges
from podium.services.rights.grant import Grant

router = APIRouter(prefix="/rest/v0/acl-privileges", tags=["acl-privileges"])

MCP_CONFIRM: Final = {"x-mcp-exposure": "confirm"}

Word = Annotated[Line, Field(min_length=1, max_length=64)]
Selector = Annotated[Secret, Field(max_length=1_000, description="a filter that the object has to match")]


class NewPrivilege(Body):
    """`reach` inside: also whatever is inside the objects selected, e.g. the VMs of a pool."""

    resource: Word
    action: Annotated[Word, Field(description="an action, those below it, or *")]
    effect: Effect = "allow"
    selector: Selector | None = None
    reach: Reach = "self"
    roleId: Annotated[Line, Field(min_length=1, max_length=200)]


class PrivilegePatch(Body):
    """What is left out stays; the selector null: any object."""

    resource: Word | None = None
    action: Word | None = None
    effect: Effect | None = None
    selector: Selector | None = None
    reach: Reach | None = None


class PrivilegeCreated(BaseModel):
    """The privilege's id. `warnings`: where the selector reaches more than its words say."""

    id: str
    warnings: list[str] | None = None


@router.post(
    "",
    operation_id="CreateAclPrivilege",
    status_code=201,
    response_model_exclude_none=True,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, CannotGrant, NotFound),
    openapi_extra=MCP_CONFIRM,
)
async def create_privilege(
    request: Request, response: Response, body: NewPrivilege, viewer: CurrentViewer
) -> PrivilegeCreated:
    """Add a privilege to a role. You must hold yourself what it allows."""
    privileges: Privileges = request.app.state.privileges
    grant = Grant(body.resource, body.action, body.effect, (body.selector or "").strip(), body.reach)
    privilege_id, warnings = await privileges.create(body.roleId, grant, by=viewer)
    response.headers["location"] = f"/rest/v0/acl-privileges/{privilege_id}"
    return PrivilegeCreated(id=privilege_id, warnings=warnings or None)


@router.patch(
    "/{privilege_id}",
    operation_id="UpdateAclPrivilege",
    status_code=204,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, CannotGrant, NotFound),
    openapi_extra=MCP_CONFIRM,
)
async def update_privilege(
    request: Request, privilege_id: ObjectId, body: PrivilegePatch, viewer: CurrentViewer
) -> None:
    """Change a privilege; whoever holds it has the other one at once."""
    privileges: Privileges = request.app.state.privileges
    selector = (body.selector or "").strip() if "selector" in body.model_fields_set else None
    change = PrivilegeChange(
        resource=body.resource, action=body.action, effect=body.effect, selector=selector, reach=body.reach
    )
    await privileges.update(privilege_id, change, by=viewer)


@router.delete(
    "/{privilege_id}",
    operation_id="DeleteAclPrivilege",
    status_code=204,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, CannotGrant, NotFound),
    openapi_extra=MCP_CONFIRM,
)
async def delete_privilege(request: Request, privilege_id: ObjectId, viewer: CurrentViewer) -> None:
    """Remove a privilege. What it denied you must hold yourself."""
    privileges: Privileges = request.app.state.privileges
    await privileges.delete(privilege_id, by=viewer)
