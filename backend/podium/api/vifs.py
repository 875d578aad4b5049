"""VIFs over HTTP: a VM's interfaces. Their objects are collections.py's."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Request
from pydantic import Field, model_validator
from starlette.datastructures import State
from starlette.responses import Response

from podium.api.actions import Created
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId
from podium.api.plain_actions import Plain, plain_action
from podium.api.problems import responses
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.access import Viewer
from podium.services.tasks import Progress, Work
from podium.services.vifs import NewVif, Vifs

router = APIRouter(prefix="/rest/v0/vifs", tags=["vifs"])

Name = Annotated[Line, Field(max_length=255)]
StringMap = Annotated[dict[Name, Annotated[str, Field(max_length=4096)]], Field(max_length=100, default_factory=dict)]
Addresses = Annotated[list[Annotated[Line, Field(min_length=1, max_length=64)]], Field(max_length=256)]
NewAddresses = Annotated[Addresses, Field(default_factory=list)]
LockingMode = Literal["disabled", "locked", "network_default", "unlocked"]


class VifWish(Body):
    """An interface: which VM on which network. The pool chooses address and device unless they are said.

    With allowed addresses it is `locked`, whatever `locking_mode` says.
    """

    vmId: ObjectId
    networkId: ObjectId
    MAC: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$|^$")] = ""
    device: Annotated[str, Field(pattern=r"^\d{1,3}$")] | None = None
    MTU: Annotated[int, Field(ge=68, le=65535)] | None = None
    locking_mode: LockingMode | None = None
    ipv4_allowed: NewAddresses
    ipv6_allowed: NewAddresses
    other_config: StringMap
    qos_algorithm_type: Name = ""
    qos_algorithm_params: StringMap

    def wish(self) -> NewVif:
        return NewVif(
            vm_id=self.vmId,
            network_id=self.networkId,
            mac=self.MAC,
            device=self.device,
            mtu=self.MTU,
            locking_mode=self.locking_mode,
            ipv4_allowed=tuple(self.ipv4_allowed),
            ipv6_allowed=tuple(self.ipv6_allowed),
            other_config=self.other_config,
            qos_algorithm_type=self.qos_algorithm_type,
            qos_algorithm_params=self.qos_algorithm_params,
        )


_NULLABLE: Final = frozenset({"rateLimit"})


class VifChanges(Body):
    """What is to change. Allowed addresses make it `locked`; `rateLimit` is kB/s, null removes it.

    `networkId` (ours) moves it to another network, also while it is plugged in.
    """

    allowedIpv4Addresses: Addresses | None = None
    allowedIpv6Addresses: Addresses | None = None
    lockingMode: LockingMode | None = None
    rateLimit: Annotated[int, Field(ge=0, le=2**40)] | None = None
    txChecksumming: bool | None = None
    networkId: ObjectId | None = None

    @model_validator(mode="after")
    def _no_nothing(self) -> "VifChanges":
        for name in self.model_fields_set - _NULLABLE:
            if getattr(self, name) is None:
                raise ValueError(f"{name} must not be null")
        return self

    def changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


@router.post(
    "",
    operation_id="CreateVif",
    status_code=201,
    response_model=Created,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def create_vif(request: Request, response: Response, body: VifWish, viewer: CurrentViewer) -> Created:
    """Give a VM an interface. It is not plugged into a running one: connect it then."""
    vifs: Vifs = request.app.state.vifs
    made = await vifs.create(body.wish(), by=viewer)
    response.headers["location"] = f"/rest/v0/vifs/{made}"
    return Created(id=made)


@router.patch(
    "/{vif_id}",
    operation_id="UpdateVif",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def update_vif(request: Request, vif_id: ObjectId, body: VifChanges, viewer: CurrentViewer) -> Response:
    """Change what it may send, how fast, and on which network: all that is named, or nothing."""
    vifs: Vifs = request.app.state.vifs
    await vifs.update(vif_id, body.changes(), by=viewer)
    return Response(status_code=204)


@router.delete(
    "/{vif_id}",
    operation_id="DeleteVif",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
    openapi_extra=CONFIRM,
)
async def delete_vif(request: Request, vif_id: ObjectId, viewer: CurrentViewer) -> Response:
    """Take the interface from its VM. It must not be plugged in."""
    vifs: Vifs = request.app.state.vifs
    await vifs.delete(vif_id, by=viewer)
    return Response(status_code=204)


def _connect(state: State, vif_id: str, viewer: Viewer) -> Work[None]:
    vifs: Vifs = state.vifs
    vifs.require(vif_id, "connect", by=viewer)

    async def work(progress: Progress) -> None:
        await vifs.connect(vif_id, by=viewer, progress=progress)

    return work


def _disconnect(state: State, vif_id: str, viewer: Viewer) -> Work[None]:
    vifs: Vifs = state.vifs
    vifs.require(vif_id, "disconnect", by=viewer)

    async def work(progress: Progress) -> None:
        await vifs.disconnect(vif_id, by=viewer, progress=progress)

    return work


for _action in (
    Plain(
        "/{object_id}/actions/connect",
        "ConnectVif",
        "Plug the interface into its running VM",
        "connect VIF",
        "VIF",
        _connect,
    ),
    Plain(
        "/{object_id}/actions/disconnect",
        "DisconnectVif",
        "Unplug the interface from its running VM",
        "disconnect VIF",
        "VIF",
        _disconnect,
    ),
):
    plain_action(router, _action)
