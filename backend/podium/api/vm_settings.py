"""PATCH of VMs, templates and snapshots: ANCHOR's names, the names that GET has, and no others."""

from typing import Annotated, Any, Final, Literal, Self

from fastapi import APIRouter, Request
from pydantic import AfterValidator, AliasChoices, Field, model_validator
from starlette.responses import Response

from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId, storable
from podium.api.problems import responses
from podium.api.sizes import Size
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.vm_operations import VmOperation
from podium.services.vm_settings import VmSettings

router = APIRouter(prefix="/rest/v0", tags=["vms"])

Text = Annotated[str, Field(max_length=32_768), AfterValidator(storable)]
Name = Annotated[Line, Field(max_length=255)]
Tag = Annotated[Line, Field(min_length=1, max_length=255)]
Count = Annotated[int, Field(ge=1, le=8192)]

_NESTED: Final = {
    "CPUs": {"number": "cpus", "max": "cpusStaticMax"},
    "boot": {"order": "bootOrder", "firmware": "hvmBootFirmware"},
}
"""What GET has as an object of its own, where its members can be changed."""


def _names(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class SnapshotChanges(Body):
    """What is to change of a snapshot: how people find it, for the rest is what the VM was."""

    nameLabel: Annotated[Name | None, Field(validation_alias=_names("nameLabel", "name_label"))] = None
    nameDescription: Annotated[Text | None, Field(validation_alias=_names("nameDescription", "name_description"))] = (
        None
    )
    tags: Annotated[list[Tag], Field(max_length=1000)] | None = None
    notes: Text | None = None

    @model_validator(mode="after")
    def _no_nothing(self) -> Self:
        """Null takes away only where there can be nothing."""
        for name in self.model_fields_set - NULLABLE:
            if getattr(self, name) is None:
                raise ValueError(f"{name} must not be null")
        return self

    def changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class VmChanges(SnapshotChanges):
    """What is to change; null takes away where that makes sense. Each name may also be spelt as in GET."""

    PV_args: Annotated[Line | None, Field(max_length=4096)] = None
    hasVendorDevice: bool | None = None
    affinityHost: Annotated[ObjectId | None, Field(validation_alias=_names("affinityHost", "affinity"))] = None
    autoPoweron: Annotated[bool | None, Field(validation_alias=_names("autoPoweron", "auto_poweron"))] = None
    blockedOperations: Annotated[dict[VmOperation, bool | Line | None], Field(max_length=100)] | None = None
    virtualizationMode: Literal["pv", "hvm", "pv_in_pvh", "pvh"] | None = None
    cpus: Count | None = None
    cpusStaticMax: Count | None = None
    cpuWeight: Annotated[int, Field(ge=1, le=65535)] | None = None
    cpuCap: Annotated[int, Field(ge=0, le=65535)] | None = None
    cpuMask: Annotated[list[Annotated[int, Field(ge=0, le=4095)]], Field(max_length=4096)] | None = None
    coresPerSocket: Annotated[int, Field(ge=1, le=4096)] | None = None
    memory: Size | None = None
    memoryMin: Size | None = None
    memoryMax: Size | None = None
    memoryStaticMax: Size | None = None
    highAvailability: Annotated[
        Literal["", "best-effort", "restart"] | None,
        Field(validation_alias=_names("highAvailability", "high_availability")),
    ] = None
    startDelay: Annotated[int, Field(ge=0, le=2**31)] | None = None
    hvmBootFirmware: Literal["bios", "uefi"] | None = None
    bootOrder: Annotated[str, Field(pattern="^[cdn]{0,3}$", description="ours: c disk, d CD, n network")] | None = None
    secureBoot: bool | None = None
    viridian: bool | None = None
    vga: Literal["std", "cirrus"] | None = None
    videoram: Literal[1, 2, 4, 8, 16] | None = None
    nicType: Annotated[Line | None, Field(max_length=32)] = None
    expNestedHvm: bool | None = None
    nestedVirt: Annotated[bool | None, Field(validation_alias=_names("nestedVirt", "isNestedVirtEnabled"))] = None
    suspendSr: ObjectId | None = None
    uefiMode: Literal["setup", "user"] | None = None
    xenStoreData: Annotated[dict[Name, Text | None], Field(max_length=200)] | None = None
    creation: Annotated[dict[Literal["user"], ObjectId | None], Field(max_length=1)] | None = None
    actionsAfterShutdown: Literal["destroy", "restart"] | None = None
    actionsAfterReboot: Literal["destroy", "restart"] | None = None
    actionsAfterCrash: (
        Literal["destroy", "restart", "preserve", "coredump_and_destroy", "coredump_and_restart"] | None
    ) = None
    resourceSet: ObjectId | None = None
    share: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: object) -> object:
        """`{"CPUs": {"number": 4}}` means the same as `{"cpus": 4}`."""
        if not isinstance(value, dict):
            return value
        flat = dict(value)
        for outer, members in _NESTED.items():
            inner = flat.get(outer)
            if isinstance(inner, dict) and set(inner) <= set(members):
                named = {members[name]: one for name, one in inner.items()}
                if twice := named.keys() & flat.keys():
                    raise ValueError(f"{', '.join(sorted(twice))}: named twice")
                del flat[outer]
                flat |= named
        if isinstance(flat.get("memory"), dict) and set(flat["memory"]) == {"size"}:
            flat["memory"] = flat["memory"]["size"]
        return flat


NULLABLE: Final = frozenset(
    {
        "notes",
        "affinityHost",
        "resourceSet",
        "cpuWeight",
        "cpuCap",
        "cpuMask",
        "coresPerSocket",
        "nicType",
        "suspendSr",
        "videoram",
    }
)


def _route(collection: str, operation_id: str, changes_of: type[SnapshotChanges]) -> None:
    async def update(request: Request, vm_id: ObjectId, body: SnapshotChanges, viewer: CurrentViewer) -> Response:
        """Change settings: all that are named, or none of them."""
        settings: VmSettings = request.app.state.vm_settings
        changes = body.changes()
        await settings.update(collection, vm_id, changes, by=viewer)
        return Response(status_code=204)

    update.__annotations__["body"] = changes_of
    router.patch(
        f"/{collection}/{{vm_id}}",
        operation_id=operation_id,
        status_code=204,
        responses=responses(*WRITE_PROBLEMS),
        openapi_extra=CONFIRM,
    )(update)


_route("vms", "UpdateVm", VmChanges)
_route("vm-templates", "UpdateVmTemplate", VmChanges)
_route("vm-snapshots", "UpdateVmSnapshot", SnapshotChanges)
