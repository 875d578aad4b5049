"""PIFs over HTTP: hosts' interfaces. Their objects are collections.py's."""

from ipaddress import IPv4Address, IPv6Address, IPv6Interface
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field, model_validator
from starlette.datastructures import State
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, ObjectId
from podium.api.plain_actions import Plain, plain_action
from podium.api.problems import responses
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.access import Viewer
from podium.services.pifs import Pifs
from podium.services.tasks import Progress, Work

router = APIRouter(prefix="/rest/v0/pifs", tags=["pifs"])


def _v4(text: str) -> str:
    return str(IPv4Address(text)) if text else ""


def _v6(text: str) -> str:
    return str(IPv6Address(text)) if text else ""


def _v6_interface(text: str) -> str:
    if text and "/" not in text:
        raise ValueError("must have a prefix length, like fd00::1/64")
    return str(IPv6Interface(text)) if text else ""


def _servers(text: str) -> str:
    for one in filter(None, (part.strip() for part in text.split(","))):
        if ":" in one:
            IPv6Address(one)
        else:
            IPv4Address(one)
    return text.replace(" ", "")


V4 = Annotated[str, Field(max_length=15), AfterValidator(_v4)]
V6 = Annotated[str, Field(max_length=45), AfterValidator(_v6)]


class PifChanges(Body):
    """The address of the interface; what is not named stays. `dns`: addresses, with commas."""

    mode: Literal["None", "DHCP", "Static"] | None = None
    ip: V4 | None = None
    netmask: V4 | None = None
    gateway: V4 | None = None
    dns: Annotated[str, Field(max_length=1024), AfterValidator(_servers)] | None = None
    ipv6Mode: Literal["None", "DHCP", "Static", "Autoconf"] | None = None
    ipv6: Annotated[str, Field(max_length=49), AfterValidator(_v6_interface)] | None = None
    ipv6Gateway: V6 | None = None

    @model_validator(mode="after")
    def _no_nothing(self) -> "PifChanges":
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} must not be null")
        return self

    def changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


@router.patch(
    "/{pif_id}",
    operation_id="UpdatePif",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def update_pif(request: Request, pif_id: ObjectId, body: PifChanges, viewer: CurrentViewer) -> Response:
    """Give the interface another address."""
    pifs: Pifs = request.app.state.pifs
    await pifs.update(pif_id, body.changes(), by=viewer)
    return Response(status_code=204)


@router.delete(
    "/{pif_id}",
    operation_id="DeletePif",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def delete_pif(request: Request, pif_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Take away a VLAN or tunnel of one host; a physical interface is forgotten until the next scan."""
    pifs: Pifs = request.app.state.pifs
    await pifs.delete(pif_id, by=viewer)
    return Response(status_code=204)


def _plug(state: State, pif_id: str, viewer: Viewer) -> Work[None]:
    pifs: Pifs = state.pifs
    pifs.require(pif_id, "plug", by=viewer)

    async def work(progress: Progress) -> None:
        await pifs.plug(pif_id, by=viewer, progress=progress)

    return work


def _unplug(state: State, pif_id: str, viewer: Viewer) -> Work[None]:
    pifs: Pifs = state.pifs
    pifs.require(pif_id, "unplug", by=viewer)

    async def work(progress: Progress) -> None:
        await pifs.unplug(pif_id, by=viewer, progress=progress)

    return work


for _action in (
    Plain("/{object_id}/actions/plug", "PlugPif", "Bring the interface up", "plug PIF", "PIF", _plug),
    Plain("/{object_id}/actions/unplug", "UnplugPif", "Bring the interface down", "unplug PIF", "PIF", _unplug),
):
    plain_action(router, _action)
