"""Groups: what the collections do not do by themselves."""

from typing import Final

from fastapi import APIRouter, Request, Response

from podium.api.actions import Created
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Name, ObjectId
from podium.api.problems import responses
from podium.errors import CannotGrant, CrossSite, Forbidden, MissingPrivileges, NameTaken, NotFound
from podium.services.groups import Groups

router = APIRouter(prefix="/rest/v0/groups", tags=["groups"])

MCP_CONFIRM: Final = {"x-mcp-exposure": "confirm"}


class NewGroup(Body):
    name: Name


class GroupPatch(Body):
    name: Name | None = None


@router.post(
    "",
    operation_id="CreateGroup",
    status_code=201,
    responses=responses(CrossSite, MissingPrivileges, NameTaken),
    openapi_extra=MCP_CONFIRM,
)
async def create_group(request: Request, response: Response, body: NewGroup, viewer: CurrentViewer) -> Created:
    """Add an empty group."""
    groups: Groups = request.app.state.groups
    group_id = await groups.create(body.name, by=viewer)
    response.headers["location"] = f"/rest/v0/groups/{group_id}"
    return Created(id=group_id)


@router.patch(
    "/{group_id}",
    operation_id="UpdateGroup",
    status_code=204,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, NotFound, NameTaken),
    openapi_extra=MCP_CONFIRM,
)
async def update_group(request: Request, group_id: ObjectId, body: GroupPatch, viewer: CurrentViewer) -> None:
    """Rename a group. A provider's group is changed there."""
    groups: Groups = request.app.state.groups
    await groups.rename(group_id, body.name, by=viewer)


@router.delete(
    "/{group_id}",
    operation_id="DeleteGroup",
    status_code=204,
    responses=responses(CrossSite, MissingPrivileges, CannotGrant, NotFound),
    openapi_extra=MCP_CONFIRM,
)
async def delete_group(request: Request, group_id: ObjectId, viewer: CurrentViewer) -> None:
    """Remove a group; its members stay, without what it gave them."""
    groups: Groups = request.app.state.groups
    await groups.delete(group_id, by=viewer)


@router.put(
    "/{group_id}/users/{user_id}",
    operation_id="AddUserToGroup",
    status_code=204,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, CannotGrant, NotFound),
    openapi_extra=MCP_CONFIRM,
)
async def add_user(request: Request, group_id: ObjectId, user_id: ObjectId, viewer: CurrentViewer) -> None:
    """Put a user into a group. You must hold yourself what the group's roles allow."""
    groups: Groups = request.app.state.groups
    await groups.add_user(group_id, user_id, by=viewer)


@router.delete(
    "/{group_id}/users/{user_id}",
    operation_id="RemoveUserFromGroup",
    status_code=204,
    responses=responses(CrossSite, Forbidden, MissingPrivileges, CannotGrant, NotFound),
    openapi_extra=MCP_CONFIRM,
)
async def remove_user(request: Request, group_id: ObjectId, user_id: ObjectId, viewer: CurrentViewer) -> None:
    """Take a user out of a group."""
    groups: Groups = request.app.state.groups
    await groups.remove_user(group_id, user_id, by=viewer)
