"""Hosts over HTTP: what is done to them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Request
from pydantic import AliasChoices, Field
from starlette.responses import Response

from podium.api.actions import Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId
from podium.api.problems import responses
from podium.api.schemas import reference
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.access import Viewer
from podium.services.host_actions import HostActions
from podium.services.tasks import Progress

router = APIRouter(prefix="/rest/v0/hosts", tags=["hosts"])

Name = Annotated[Line, Field(max_length=255)]


class HostChanges(Body):
    """What is to change."""

    name_label: Annotated[Name, Field(validation_alias=AliasChoices("name_label", "nameLabel"))] = ""
    name_description: Annotated[
        Annotated[Line, Field(max_length=4096)],
        Field(validation_alias=AliasChoices("name_description", "nameDescription")),
    ] = ""
    tags: Annotated[list[Name], Field(max_length=1000, default_factory=list)]
    iscsiIqn: Annotated[Line, Field(max_length=223)] = ""
    multipathing: bool = False
    powerOnMode: Literal["", "wake-on-lan", "IPMI", "DRAC", "iLO"] = ""
    logDestination: Annotated[Line | None, Field(max_length=255, description="a syslog server; null: none")] = None


class DisableBody(Body):
    """`evacuate`: have all VMs leave; `vmIdsToForceMigrate`: even if their migration is blocked; `force`: all VMs."""

    autoEnable: bool = False
    evacuate: bool = False
    force: bool = False
    vmIdsToForceMigrate: Annotated[list[ObjectId], Field(max_length=1000, default_factory=list)]


class ShutdownBody(Body):
    """`bypassBackupCheck` has no effect: Podium runs no backups."""

    bypassBackupCheck: bool = False
    bypassEvacuate: bool = False


class RebootBody(Body):
    """`force`: without having the VMs leave first, and without the check of versions.

    `bypassVersionCheck`: also before a coordinator that has to be updated or rebooted. `bypassBackupCheck` has no
    effect: Podium runs no backups.
    """

    force: bool = False
    bypassBackupCheck: bool = False
    bypassVersionCheck: bool = False


class SmartBody(Body):
    """`bypassBlockedSuspend`: suspend also VMs of which that is blocked; the blocks are put back.

    `bypassVersionCheck`: as of a clean reboot. The others are taken for Xen Orchestra's sake, and have no effect.
    """

    bypassBackupCheck: bool = False
    bypassVersionCheck: bool = False
    bypassBlockedSuspend: bool = False
    bypassCurrentVmCheck: bool = False


class ToolstackBody(Body):
    """Taken for Xen Orchestra's sake."""

    bypassBackupCheck: bool = False


class ManagementBody(Body):
    """The PIF that is to have the management."""

    pif: ObjectId


class NothingBody(Body):
    """No parameters."""


@dataclass(frozen=True)
class Asked:
    """One request: of what, with which body, by whom."""

    actions: HostActions
    id: str
    body: Any
    by: Viewer
    progress: Progress


Do = Callable[[Asked], Awaitable[None]]


def _action(name: str, privilege: str, body: type[Body], do: Do, summary: str, *, required: bool = False) -> None:
    async def act(request: Request, host_id: str, asked: Body, viewer: Viewer, *, sync: bool) -> Response:
        actions: HostActions = request.app.state.host_actions
        if isinstance(asked, ManagementBody):
            actions.require_management(host_id, asked.pif, by=viewer)
        else:
            actions.require(host_id, privilege, by=viewer)

        async def work(progress: Progress) -> None:
            await do(Asked(actions, host_id, asked, viewer, progress))

        return await run_action(
            request,
            work,
            name=f"{name.replace('_', ' ')} host",
            viewer=viewer,
            sync=sync,
            about=("host", host_id),
            params=asked.model_dump(exclude_unset=True),
        )

    route = router.post(
        f"/{{host_id}}/actions/{name}",
        operation_id=f"{''.join(part.capitalize() for part in name.split('_'))}Host",
        summary=summary,
        status_code=202,
        responses=action_responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )
    if body is NothingBody:

        @route
        async def plain(request: Request, host_id: ObjectId, viewer: CurrentViewer, *, sync: Sync = False) -> Response:
            return await act(request, host_id, NothingBody(), viewer, sync=sync)

    elif required:

        @route
        async def needs(
            request: Request,
            host_id: ObjectId,
            asked: body,  # type: ignore[valid-type]  # a model
            viewer: CurrentViewer,
            *,
            sync: Sync = False,
        ) -> Response:
            return await act(request, host_id, asked, viewer, sync=sync)

    else:

        @route
        async def takes(
            request: Request,
            host_id: ObjectId,
            viewer: CurrentViewer,
            asked: body | None = None,  # type: ignore[valid-type]  # a model
            *,
            sync: Sync = False,
        ) -> Response:
            return await act(request, host_id, asked or body.model_validate({}), viewer, sync=sync)


async def _disable(asked: Asked) -> None:
    body: DisableBody = asked.body
    await asked.actions.disable(
        asked.id,
        by=asked.by,
        progress=asked.progress,
        auto_enable=body.autoEnable,
        evacuate=body.evacuate,
        force=body.force,
        force_migrate=body.vmIdsToForceMigrate,
    )


async def _emergency(asked: Asked) -> None:
    host = asked.actions.require(asked.id, "shutdown:emergency", by=asked.by)
    await asked.actions.emergency_shutdown(host, progress=asked.progress)


_action("enable", "enable", NothingBody, lambda q: q.actions.enable(q.id, by=q.by), "Take VMs again")
_action("disable", "disable", DisableBody, _disable, "Maintenance: take no more VMs, and have all leave if told so")
_action(
    "start", "start", NothingBody, lambda q: q.actions.start(q.id, by=q.by, progress=q.progress), "Power the host on"
)
_action(
    "clean_shutdown",
    "shutdown:clean",
    ShutdownBody,
    lambda q: q.actions.shutdown(q.id, by=q.by, progress=q.progress, evacuate=not q.body.bypassEvacuate),
    "Have all VMs leave and switch the host off",
)
_action(
    "clean_reboot",
    "reboot:clean",
    RebootBody,
    lambda q: q.actions.reboot(
        q.id, by=q.by, progress=q.progress, force=q.body.force, check_version=not q.body.bypassVersionCheck
    ),
    "Have all VMs leave and reboot the host",
)
_action(
    "smart_reboot",
    "reboot:smart",
    SmartBody,
    lambda q: q.actions.smart_reboot(
        q.id,
        by=q.by,
        progress=q.progress,
        check_version=not q.body.bypassVersionCheck,
        despite_blocks=q.body.bypassBlockedSuspend,
    ),
    "Suspend the host's VMs, reboot it, and resume them",
)
_action("emergency_shutdown", "shutdown:emergency", NothingBody, _emergency, "Suspend the host's VMs and switch it off")
_action(
    "restart_toolstack",
    "restart-toolstack",
    ToolstackBody,
    lambda q: q.actions.restart_toolstack(q.id, by=q.by),
    "Restart XAPI; VMs go on",
)
_action(
    "management_reconfigure",
    "",
    ManagementBody,
    lambda q: q.actions.reconfigure_management(q.id, q.body.pif, by=q.by),
    "Move the management to another interface",
    required=True,
)
_action(
    "detach", "detach", NothingBody, lambda q: q.actions.detach(q.id, by=q.by, progress=q.progress), "Out of its pool"
)
_action("forget", "forget", NothingBody, lambda q: q.actions.forget(q.id, by=q.by), "Forget a host that is gone")
_action("scan_pifs", "scan-pifs", NothingBody, lambda q: q.actions.scan_pifs(q.id, by=q.by), "Look for new interfaces")


@router.patch(
    "/{host_id}",
    operation_id="UpdateHost",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def update_host(request: Request, host_id: ObjectId, body: HostChanges, viewer: CurrentViewer) -> Response:
    """Change settings: all that are named, or none of them."""
    actions: HostActions = request.app.state.host_actions
    await actions.update(host_id, {name: getattr(body, name) for name in sorted(body.model_fields_set)}, by=viewer)
    return Response(status_code=204)


@router.get(
    "/{host_id}/evacuation_plan",
    operation_id="GetHostEvacuationPlan",
    responses={
        200: {
            "description": "Each VM that has to leave, where to, or why it cannot",
            "content": {"application/json": {"schema": reference("EvacuationPlan")}},
        },
        **responses(*WRITE_PROBLEMS),
    },
    openapi_extra={"x-mcp-exposure": "allow"},
)
async def evacuation_plan(request: Request, host_id: ObjectId, viewer: CurrentViewer) -> Response:
    """What maintenance would come to. Asks the pool, changes nothing."""
    actions: HostActions = request.app.state.host_actions
    found = await actions.plan(host_id, by=viewer)
    return Response(msgspec.json.encode(found), headers={"cache-control": "no-store"}, media_type="application/json")
