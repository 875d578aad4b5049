"""Roles: what the collections do not do by themselves."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field, model_validator

from podium.api.actions import Created, Made, Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, Name, ObjectId, Secret
from podium.api.problems import responses
from podium.errors import CannotGrant, Conflict, CrossSite, Forbidden, MissingPrivileges, NotFound
from podium.services.classic_grants import ClassicGrants
from podium.services.roles import Roles
from podium.services.tasks import Progress

router = APIRouter(prefix="/rest/v0/acl-roles", tags=["acl-roles"])

MCP_CONFIRM: Final = {"x-mcp-exposure": "confirm"}

Description = Annotated[Secret, Field(max_length=10_000)]
Id = Annotated[Line, Field(min_length=1, max_length=200)]


class NewRole(Body):
    name: Name
    description: Description | None = None


class RolePatch(Body):
    """What is left out stays."""

    name: Name | None = None
    description: Description | None = None


class ClassicGrant(Body):
    """To whom: a user or a group. `level`: viewer sees it, operator starts and stops it, admin does anything to it."""

    userId: Id | None = None
    groupId: Id | None = None
    objectId: Id
    level: Literal["viewer", "operator", "admin"]

    @model_validator(mode="after")
    def _one_subject(self) -> "ClassicGrant":
        if (self.userId is None) == (self.groupId is None):
            raise ValueError("say either userId or groupId")
        return self


@router.post(
    "",
    operation_id="CreateAclRole",
    status_code=201,
    responses=responses(CrossSite, MissingPrivileges),
    openapi_extra=MCP_CONFIRM,
)
async def create_role(request: Request, response: Response, body: NewRole, viewer: CurrentViewer) -> Created:
    """Add a role that allows nothing yet."""
    roles: Roles = request.app.state.roles
    role_id = await roles.create(body.name, body.description, by=viewer)
    response.headers["location"] = f"/rest/v0/acl-roles/{role_id}"
    return Created(id=role_id)


@router.post(
    "/actions/grant",
    operation_id="GrantAclRole",
    status_code=201,
    responses=responses(CrossSite, MissingPrivileges, CannotGrant, NotFound, Conflict),
    openapi_extra=MCP_CONFIRM,
)
async def grant(request: Request, response: Response, body: ClassicGrant, viewer: CurrentViewer) -> Created:
    """Make somebody viewer, operator or admin of one object and all inside it, by a ready-made role: its id."""
    grants: ClassicGrants = request.app.state.classic_grants
    role_id = await grants.grant(body.objectId, body.level, user_id=body.userId, group_id=body.groupId, by=viewer)
    response.headers["location"] = f"/rest/v0/acl-roles/{role_id}"
    return Created(id=role_id)


@router.patch(
    "/{role_id}",
    operation_id="UpdateAclRole",
    status_code=204,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, NotFound),
    openapi_extra=MCP_CONFIRM,
)
async def update_role(request: Request, role_id: ObjectId, body: RolePatch, viewer: CurrentViewer) -> None:
    """Change a role's name or description. Templates are built in and stay."""
    roles: Roles = request.app.state.roles
    await roles.update(role_id, body.name, body.description, by=viewer)


@router.delete(
    "/{role_id}",
    operation_id="DeleteAclRole",
    status_code=204,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, CannotGrant, NotFound),
    openapi_extra=MCP_CONFIRM,
)
async def delete_role(request: Request, role_id: ObjectId, viewer: CurrentViewer) -> None:
    """Remove a role and its privileges; whoever had it loses it."""
    roles: Roles = request.app.state.roles
    await roles.delete(role_id, by=viewer)


@router.post(
    "/{role_id}/actions/copy",
    operation_id="CopyAclRole",
    status_code=202,
    responses=action_responses(CrossSite, MissingPrivileges, CannotGrant, NotFound, done=201),
    openapi_extra=MCP_CONFIRM,
)
async def copy_role(
    request: Request, role_id: ObjectId, viewer: CurrentViewer, body: RolePatch | None = None, sync: Sync = False
) -> Response:
    """A role of one's own with the same privileges: the only way to use a template."""
    roles: Roles = request.app.state.roles
    asked = body or RolePatch()
    roles.require_copy(role_id, by=viewer)

    async def work(_: Progress) -> dict[str, str]:
        return {"id": await roles.copy(role_id, asked.name, asked.description, by=viewer)}

    return await run_action(
        request,
        work,
        name="copy ACL role",
        viewer=viewer,
        sync=sync,
        about=("acl-role", role_id),
        params=asked.model_dump(exclude_none=True),
        done=Made("/rest/v0/acl-roles/{id}"),
    )


def _assigning(method: str, kind: Literal["user", "group"]) -> None:
    """PUT gives the role, DELETE takes it."""
    gives = method == "PUT"
    path = f"/{{role_id}}/{kind}s/{{subject_id}}"

    async def route(request: Request, role_id: ObjectId, subject_id: ObjectId, viewer: CurrentViewer) -> None:
        roles: Roles = request.app.state.roles
        do = {
            ("user", True): roles.assign_user,
            ("user", False): roles.unassign_user,
            ("group", True): roles.assign_group,
            ("group", False): roles.unassign_group,
        }[kind, gives]
        await do(role_id, subject_id, by=viewer)

    route.__doc__ = f"Give the role to a {kind}." if gives else f"Take the role from a {kind}."
    word, link = ("Add", "To") if gives else ("Remove", "From")
    operation = f"{word}AclRole{link}{kind.capitalize()}"
    router.add_api_route(
        path,
        route,
        methods=[method],
        operation_id=operation,
        status_code=204,
        responses=responses(CrossSite, Forbidden, MissingPrivileges, CannotGrant, NotFound, Conflict),
        openapi_extra=MCP_CONFIRM,
    )


for _method in ("PUT", "DELETE"):
    _assigning(_method, "user")
    _assigning(_method, "group")
