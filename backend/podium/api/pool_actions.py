"""Pools over HTTP: what is done to them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AliasChoices, Field
from starlette.responses import Response

from podium.api.actions import Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId
from podium.api.problems import responses
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.errors import NotSupported
from podium.services.access import Viewer
from podium.services.pool_actions import PoolActions
from podium.services.tasks import Progress

router = APIRouter(prefix="/rest/v0/pools", tags=["pools"])

Name = Annotated[Line, Field(max_length=255)]


class PoolChanges(Body):
    """What is to change; null takes a storage repository away."""

    name_label: Annotated[Name, Field(validation_alias=AliasChoices("name_label", "nameLabel"))] = ""
    name_description: Annotated[
        Annotated[Line, Field(max_length=4096)],
        Field(validation_alias=AliasChoices("name_description", "nameDescription")),
    ] = ""
    tags: Annotated[list[Name], Field(max_length=1000, default_factory=list)]
    defaultSr: Annotated[ObjectId | None, Field(validation_alias=AliasChoices("defaultSr", "default_SR"))] = None
    suspendSr: ObjectId | None = None
    crashDumpSr: ObjectId | None = None
    autoPoweron: Annotated[bool, Field(validation_alias=AliasChoices("autoPoweron", "auto_poweron"))] = False
    migrationCompression: bool = False


class AddHostBody(Body):
    """A host that is connected as a pool of its own. `force`: whatever the differences of their CPUs."""

    host: ObjectId
    force: bool = False


class NetworkBody(Body):
    """The network that is to have the management."""

    network: ObjectId


class HaBody(Body):
    """`srIds`: where HA keeps its state, the pool chooses otherwise. `hostFailuresToTolerate`: as planned for."""

    srIds: Annotated[list[ObjectId], Field(max_length=16, default_factory=list)]
    hostFailuresToTolerate: Annotated[int | None, Field(ge=0, le=64)] = None


class MasterBody(Body):
    """The host that is to be the coordinator."""

    hostId: ObjectId


class RollingBody(Body):
    """`shutdownPinnedVms`: shut down VMs that cannot be moved; taken, not supported yet."""

    shutdownPinnedVms: bool = False


@dataclass(frozen=True)
class Asked:
    """One request: of what, with which body, by whom."""

    actions: PoolActions
    id: str
    body: Any
    by: Viewer
    progress: Progress


Do = Callable[[Asked], Awaitable[None]]


def _action(name: str, operation_id: str, privilege: str, body: type[Body], do: Do, summary: str) -> None:
    @router.post(
        f"/{{pool_id}}/actions/{name}",
        operation_id=operation_id,
        summary=summary,
        status_code=202,
        responses=action_responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    async def act(
        request: Request,
        pool_id: ObjectId,
        asked: body,  # type: ignore[valid-type]  # a model
        viewer: CurrentViewer,
        *,
        sync: Sync = False,
    ) -> Response:
        return await _run(request, pool_id, asked, viewer, name=name, privilege=privilege, do=do, sync=sync)


def _bare(name: str, operation_id: str, privilege: str, body: type[Body], do: Do, summary: str) -> None:
    @router.post(
        f"/{{pool_id}}/actions/{name}",
        operation_id=operation_id,
        summary=summary,
        status_code=202,
        responses=action_responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    async def act(
        request: Request,
        pool_id: ObjectId,
        viewer: CurrentViewer,
        asked: body | None = None,  # type: ignore[valid-type]  # a model
        *,
        sync: Sync = False,
    ) -> Response:
        found = asked or body.model_validate({})
        return await _run(request, pool_id, found, viewer, name=name, privilege=privilege, do=do, sync=sync)


async def _run(
    request: Request, pool_id: str, asked: Any, viewer: Viewer, *, name: str, privilege: str, do: Do, sync: bool
) -> Response:
    actions: PoolActions = request.app.state.pool_actions
    if isinstance(asked, NetworkBody):
        actions.require_management(pool_id, asked.network, by=viewer)
    else:
        actions.require(pool_id, privilege, by=viewer)

    async def work(progress: Progress) -> None:
        await do(Asked(actions, pool_id, asked, viewer, progress))

    return await run_action(
        request,
        work,
        name=f"{name.replace('_', ' ')}",
        viewer=viewer,
        sync=sync,
        about=("pool", pool_id),
        params=asked.model_dump(exclude_unset=True),
    )


async def _rolling(asked: Asked) -> None:
    if asked.body.shutdownPinnedVms:
        raise NotSupported("VMs that cannot be moved are not shut down by a rolling reboot: do that yourself before")
    await asked.actions.rolling_reboot(asked.id, by=asked.by, progress=asked.progress)


async def _update(asked: Asked) -> None:
    asked.actions.require(asked.id, "rolling-update", by=asked.by)
    raise NotSupported("updates are not installed from here yet: use the host's own tools, and then a rolling reboot")


class NothingBody(Body):
    """No parameters."""


_action(
    "add_host",
    "AddHostToPool",
    "add-host",
    AddHostBody,
    lambda q: q.actions.add_host(q.id, q.body.host, force=q.body.force, by=q.by, progress=q.progress),
    "Have a host join the pool",
)
_action(
    "management_reconfigure",
    "ManagementReconfigurePool",
    "",
    NetworkBody,
    lambda q: q.actions.reconfigure_management(q.id, q.body.network, by=q.by),
    "Move the management of all hosts to a network",
)
_action(
    "designate_master",
    "DesignatePoolMaster",
    "designate-master",
    MasterBody,
    lambda q: q.actions.designate_master(q.id, q.body.hostId, by=q.by),
    "Make another host the coordinator",
)
_bare(
    "enable_ha",
    "EnablePoolHa",
    "enable-ha",
    HaBody,
    lambda q: q.actions.enable_ha(
        q.id, sr_ids=q.body.srIds, failures=q.body.hostFailuresToTolerate, by=q.by, progress=q.progress
    ),
    "Switch high availability on",
)
_bare(
    "disable_ha",
    "DisablePoolHa",
    "disable-ha",
    NothingBody,
    lambda q: q.actions.disable_ha(q.id, by=q.by, progress=q.progress),
    "Switch high availability off",
)
_bare("rolling_reboot", "RollingRebootPool", "rolling-reboot", RollingBody, _rolling, "Reboot host after host")
_bare("rolling_update", "RollingUpdatePool", "rolling-update", RollingBody, _update, "Not supported yet: 501")
_bare(
    "emergency_shutdown",
    "EmergencyShutdownPool",
    "emergency-shutdown",
    NothingBody,
    lambda q: q.actions.emergency_shutdown(q.id, by=q.by, progress=q.progress),
    "Suspend all VMs and switch all hosts off",
)


@router.patch(
    "/{pool_id}",
    operation_id="UpdatePool",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def update_pool(request: Request, pool_id: ObjectId, body: PoolChanges, viewer: CurrentViewer) -> Response:
    """Change settings: all that are named, or none of them."""
    actions: PoolActions = request.app.state.pool_actions
    await actions.update(pool_id, {name: getattr(body, name) for name in sorted(body.model_fields_set)}, by=viewer)
    return Response(status_code=204)
