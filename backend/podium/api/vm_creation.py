"""`POST /pools/{id}/actions/create_vm`, with everything that ANCHOR.md 1.4.1 names."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field, model_validator
from starlette.responses import Response

from podium.api.actions import Made, Sync, action_responses, run_action
from podium.api.deps import CurrentViewer
from podium.api.inputs import Body, Line, ObjectId, storable
from podium.api.sizes import Size
from podium.api.vms import CONFIRM, WRITE_PROBLEMS
from podium.services.tasks import Progress
from podium.services.vm_creation import VmCreation
from podium.services.vm_wish import DiskWish, InterfaceWish, VmWish

router = APIRouter(prefix="/rest/v0/pools", tags=["pools"])

Text = Annotated[str, Field(max_length=1 << 20), AfterValidator(storable)]
Name = Annotated[Line, Field(min_length=1, max_length=255)]
Place = Annotated[str, Field(pattern=r"^\d{1,3}$")]
IpRange = Annotated[Line, Field(max_length=64)]


class Install(Body):
    """From an image (`repository`: its id), or from the network."""

    method: Literal["cdrom", "network"]
    repository: Annotated[str, Field(max_length=255)] = ""

    @model_validator(mode="after")
    def _image(self) -> "Install":
        if (self.method == "cdrom") != bool(self.repository):
            raise ValueError("repository: the id of the image for cdrom, nothing for network")
        return self


class Disk(Body):
    """A new disk (`size`), or with `userdevice` one of the template's, to change or to leave out (`destroy`)."""

    userdevice: Place | None = None
    destroy: bool = False
    name_label: Name | None = None
    name_description: Annotated[Line, Field(max_length=4096)] | None = None
    size: Size | None = None
    sr: ObjectId | None = None

    @model_validator(mode="after")
    def _sense(self) -> "Disk":
        if self.userdevice is None and (self.destroy or self.size is None):
            raise ValueError("a new disk needs a size, one of the template's its userdevice")
        return self


class Interface(Body):
    """A new interface (`network`), or with `device` one of the template's, to leave out (`destroy`) or replace."""

    network: ObjectId | None = None
    device: Place | None = None
    destroy: bool = False
    mac: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$|^$")] = ""
    mtu: Annotated[int, Field(ge=68, le=65535)] | None = None
    ipv4_allowed: Annotated[list[IpRange], Field(max_length=256)] | None = None
    ipv6_allowed: Annotated[list[IpRange], Field(max_length=256)] | None = None

    @model_validator(mode="after")
    def _sense(self) -> "Interface":
        if self.destroy != (self.network is None) or (self.destroy and self.device is None):
            raise ValueError("a new interface needs a network, one to leave out its device and destroy")
        return self


class NewVm(Body):
    """The VM to make. `clone`: share the content of the template's disks instead of copying it."""

    template: ObjectId
    name_label: Name
    name_description: Annotated[Text, Field(max_length=4096)] | None = None
    affinity: ObjectId | None = None
    autoPoweron: bool | None = None
    clone: bool = True
    boot: bool = False
    cpus: Annotated[int, Field(ge=1, le=8192)] | None = None
    memory: Size | None = None
    high_availability: Literal["", "best-effort", "restart"] | None = None
    hvmBootFirmware: Literal["uefi", "bios"] | None = None
    secureBoot: bool | None = None
    copyHostBiosStrings: bool = False
    createVtpm: bool = False
    cloud_config: Text | None = None
    network_config: Text | None = None
    destroy_cloud_config_vdi: bool = False
    vgpuType: ObjectId | None = None
    gpuGroup: ObjectId | None = None
    install: Install | None = None
    vdis: Annotated[list[Disk], Field(max_length=255)] | None = None
    vifs: Annotated[list[Interface], Field(max_length=32)] | None = None
    resourceSet: Annotated[ObjectId | None, Field(description="ours: the set to make it in")] = None
    share: Annotated[bool, Field(description="ours: everybody's in the set, not its creator's alone")] = False

    @model_validator(mode="after")
    def _together(self) -> "NewVm":
        if (self.vgpuType is None) != (self.gpuGroup is None):
            raise ValueError("vgpuType and gpuGroup go together")
        if self.network_config is not None and self.cloud_config is None:
            raise ValueError("network_config needs a cloud_config beside it")
        if self.share and self.resourceSet is None:
            raise ValueError("share: needs a resourceSet")
        return self

    def wish(self) -> VmWish:
        settings: dict[str, Any] = {
            "nameDescription": self.name_description,
            "affinityHost": self.affinity,
            "autoPoweron": self.autoPoweron,
            "cpus": self.cpus,
            "memory": self.memory,
            "highAvailability": self.high_availability,
            "hvmBootFirmware": self.hvmBootFirmware,
            "secureBoot": self.secureBoot,
        }
        return VmWish(
            template=self.template,
            name_label=self.name_label,
            settings={name: value for name, value in settings.items() if value is not None},
            clone=self.clone,
            boot=self.boot,
            copy_host_bios_strings=self.copyHostBiosStrings,
            create_vtpm=self.createVtpm,
            cloud_config=self.cloud_config,
            network_config=self.network_config,
            destroy_cloud_config=self.destroy_cloud_config_vdi,
            vgpu_type=self.vgpuType,
            gpu_group=self.gpuGroup,
            install_method=None if self.install is None else self.install.method,
            install_repository="" if self.install is None else self.install.repository,
            disks=tuple(DiskWish(**disk.model_dump()) for disk in self.vdis or ()),
            resource_set=self.resourceSet,
            share=self.share,
            interfaces=None if self.vifs is None else tuple(_interface(vif) for vif in self.vifs),
        )


def _interface(vif: Interface) -> InterfaceWish:
    values = vif.model_dump()
    for name in ("ipv4_allowed", "ipv6_allowed"):
        values[name] = tuple(values[name] or ())
    return InterfaceWish(**values)


@router.post(
    "/{pool_id}/actions/create_vm",
    operation_id="CreateVm",
    status_code=202,
    responses=action_responses(*WRITE_PROBLEMS, done=201),
    openapi_extra=CONFIRM,
)
async def create_vm(
    request: Request, pool_id: ObjectId, body: NewVm, viewer: CurrentViewer, *, sync: Sync = False
) -> Response:
    """A VM from a template. When a step fails, what was made until then is removed again, and the answer says so."""
    creation: VmCreation = request.app.state.vm_creation
    wish = body.wish()
    creation.require(pool_id, wish, by=viewer)

    async def work(progress: Progress) -> dict[str, str]:
        return {"id": await creation.create(pool_id, wish, by=viewer, progress=progress)}

    shown = body.model_dump(mode="json", exclude_unset=True, exclude={"cloud_config", "network_config"})
    return await run_action(
        request,
        work,
        name="create VM",
        viewer=viewer,
        sync=sync,
        about=("pool", pool_id),
        params=shown,  # cloud_config holds passwords and keys
        done=Made("/rest/v0/vms/{id}"),
    )
