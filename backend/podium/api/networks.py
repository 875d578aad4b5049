"""Networks and bonds over HTTP: they are made for a whole pool. Their objects are collections.py's."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, AliasChoices, Field, model_validator
from starlette.responses import Response

from podium.api.actions import Made, Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId, storable
from podium.api.problems import responses
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.access import Viewer
from podium.services.networks import MTU, Networks, NewNetwork
from podium.services.tasks import Progress

router = APIRouter(prefix="/rest/v0", tags=["networks"])

Name = Annotated[Line, Field(min_length=1, max_length=255)]
Text = Annotated[str, Field(max_length=32_768), AfterValidator(storable)]
Mtu = Annotated[int, Field(ge=68, le=65535)]


class NetworkWish(Body):
    """A network. `nbd`: disks may be read over it, with TLS."""

    name: Name
    description: Text = ""
    mtu: Mtu = MTU
    nbd: bool = False

    def wish(self) -> NewNetwork:
        return NewNetwork(name=self.name, description=self.description, mtu=self.mtu, nbd=self.nbd)


class VlanWish(NetworkWish):
    """A VLAN on an interface of some host, and on its like of every other host."""

    pif: ObjectId
    vlan: Annotated[int, Field(ge=0, le=4094)]


class BondWish(NetworkWish):
    """Interfaces of one host used as one; their like on every other host, too."""

    pifIds: Annotated[list[ObjectId], Field(min_length=1, max_length=16)]
    bondMode: Literal["active-backup", "balance-slb", "lacp"]


class NetworkChanges(Body):
    """What is to change. `automatic`: new VMs get an interface on it.

    `defaultIsLocked`: its VIFs send nothing unless they say otherwise.
    """

    name_label: Annotated[Name | None, Field(validation_alias=AliasChoices("name_label", "nameLabel"))] = None
    name_description: Annotated[
        Text | None, Field(validation_alias=AliasChoices("name_description", "nameDescription"))
    ] = None
    MTU: Annotated[Mtu | None, Field(validation_alias=AliasChoices("MTU", "mtu"))] = None
    defaultIsLocked: bool | None = None
    nbd: bool | None = None
    automatic: bool | None = None

    @model_validator(mode="after")
    def _no_nothing(self) -> "NetworkChanges":
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} must not be null")
        return self

    def changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


async def _create(
    request: Request,
    pool_id: str,
    body: NetworkWish,
    viewer: Viewer,
    *,
    sync: bool,
    name: str,
    make: Callable[[Networks, Progress], Awaitable[str]],
) -> Response:
    networks: Networks = request.app.state.networks
    networks.require_new(pool_id, by=viewer)

    async def work(progress: Progress) -> dict[str, str]:
        return {"id": await make(networks, progress)}

    return await run_action(
        request,
        work,
        name=name,
        viewer=viewer,
        sync=sync,
        about=("pool", pool_id),
        params=body.model_dump(exclude_unset=True),
        done=Made("/rest/v0/networks/{id}"),
    )


@router.post(
    "/pools/{pool_id}/actions/create_network",
    operation_id="CreateNetwork",
    tags=["pools"],
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS, done=201),
    openapi_extra=CONFIRM,
)
async def create_network(
    request: Request, pool_id: ObjectId, body: VlanWish, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """A network for a VLAN, on all hosts. When it cannot be made nothing is left behind."""

    def make(networks: Networks, progress: Progress) -> Awaitable[str]:
        return networks.create_vlan(pool_id, body.wish(), body.pif, body.vlan, by=viewer, progress=progress)

    return await _create(request, pool_id, body, viewer, sync=sync, name="create network", make=make)


@router.post(
    "/pools/{pool_id}/actions/create_bonded_network",
    operation_id="CreateBondedNetwork",
    tags=["pools"],
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS, done=201),
    openapi_extra=CONFIRM,
)
async def create_bonded_network(
    request: Request, pool_id: ObjectId, body: BondWish, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """A network over bonds, on all hosts. When one cannot be made nothing is left behind."""

    def make(networks: Networks, progress: Progress) -> Awaitable[str]:
        return networks.create_bonded(pool_id, body.wish(), body.pifIds, body.bondMode, by=viewer, progress=progress)

    return await _create(request, pool_id, body, viewer, sync=sync, name="create bonded network", make=make)


@router.post(
    "/pools/{pool_id}/actions/create_internal_network",
    operation_id="CreateInternalNetwork",
    tags=["pools"],
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS, done=201),
    openapi_extra=CONFIRM,
)
async def create_internal_network(
    request: Request, pool_id: ObjectId, body: NetworkWish, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """A network between VMs of the same host, that leads out of none."""

    def make(networks: Networks, progress: Progress) -> Awaitable[str]:
        return networks.create_internal(pool_id, body.wish(), by=viewer, progress=progress)

    return await _create(request, pool_id, body, viewer, sync=sync, name="create internal network", make=make)


@router.patch(
    "/networks/{network_id}",
    operation_id="UpdateNetwork",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def update_network(
    request: Request, network_id: ObjectId, body: NetworkChanges, viewer: CurrentViewer
) -> Response:
    """Change the network: all that is named, or nothing."""
    networks: Networks = request.app.state.networks
    await networks.update(network_id, body.changes(), by=viewer)
    return Response(status_code=204)


@router.delete(
    "/networks/{network_id}",
    operation_id="DeleteNetwork",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def delete_network(request: Request, network_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Delete the network with its VLANs and bonds. No VM may be plugged into it."""
    networks: Networks = request.app.state.networks
    await networks.delete(network_id, by=viewer)
    return Response(status_code=204)


@router.delete(
    "/bonds/{bond_id}",
    operation_id="DeleteBond",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def delete_bond(request: Request, bond_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Take a bond apart; its interfaces are used one by one again."""
    networks: Networks = request.app.state.networks
    await networks.delete_bond(bond_id, by=viewer)
    return Response(status_code=204)
