"""GPUs, USB devices, PCI devices and vTPMs: none of them is in the recorded pool's use."""

from podium.xapi.records import (
    GPU_groupRecord,
    HostRecord,
    PCIRecord,
    PGPURecord,
    PUSBRecord,
    USB_groupRecord,
    VGPU_typeRecord,
    VGPURecord,
    VMRecord,
    VTPMRecord,
    VUSBRecord,
)
from tests.model.lookup import Scene, ref


def test_graphics() -> None:
    scene = Scene(
        vm=VMRecord(VGPUs=(ref("vgpu"),)),
        host=HostRecord(PGPUs=(ref("pgpu"),), PCIs=(ref("pci"),)),
        pci=PCIRecord(host=ref("host"), class_name="VGA", device_name="A16", pci_id="0000:03:00.0"),
        pgpu=PGPURecord(
            PCI=ref("pci"),
            GPU_group=ref("group"),
            host=ref("host"),
            supported_VGPU_types=(ref("kind"),),
            enabled_VGPU_types=(ref("kind"),),
            resident_VGPUs=(ref("vgpu"),),
            supported_VGPU_max_capacities={ref("kind"): 4},
            dom0_access="disabled",
        ),
        group=GPU_groupRecord(
            name_label="group",
            PGPUs=(ref("pgpu"),),
            VGPUs=(ref("vgpu"),),
            GPU_types=("10de/25b6",),
            allocation_algorithm="depth_first",
            supported_VGPU_types=(ref("kind"),),
        ),
        vgpu=VGPURecord(
            VM=ref("vm"),
            GPU_group=ref("group"),
            device="0",
            type=ref("kind"),
            resident_on=ref("pgpu"),
            currently_attached=True,
        ),
        kind=VGPU_typeRecord(
            vendor_name="NVIDIA",
            model_name="A16-4Q",
            framebuffer_size=4,
            max_heads=4,
            max_resolution_x=7680,
            max_resolution_y=4320,
            enabled_on_PGPUs=(ref("pgpu"),),
            VGPUs=(ref("vgpu"),),
            enabled_on_GPU_groups=(ref("group"),),
        ),
    )
    vm = scene.show("vm")
    assert vm["VGPUs"] == vm["$VGPUs"] == ["vgpu-uuid"]
    host = scene.show("host")
    assert host["PGPUs"] == host["$PGPUs"] == ["pgpu-uuid"]
    assert host["PCIs"] == host["$PCIs"] == ["pci-uuid"]
    pgpu = scene.show("pgpu")
    assert pgpu["host"] == pgpu["$host"] == "host-uuid"
    assert pgpu["vgpus"] == pgpu["$vgpus"] == ["vgpu-uuid"]
    assert (pgpu["pci"], pgpu["gpuGroup"], pgpu["dom0Access"]) == ("pci-uuid", "group-uuid", "disabled")
    assert pgpu["enabledVgpuTypes"] == pgpu["supportedVgpuTypes"] == ["kind-uuid"]
    vgpu = scene.show("vgpu")
    assert (vgpu["type"], vgpu["vm"], vgpu["vgpuType"], vgpu["resident_on"]) == (
        "vgpu",
        "vm-uuid",
        "kind-uuid",
        "pgpu-uuid",
    )
    assert (vgpu["gpuGroup"], vgpu["currentlyAttached"], vgpu["device"]) == ("group-uuid", True, "0")
    group = scene.show("group")
    assert (group["type"], group["allocation"], group["gpuTypes"]) == ("gpuGroup", "depth_first", ["10de/25b6"])
    assert (group["pgpus"], group["vgpus"], group["enabledVgpuTypes"]) == (["pgpu-uuid"], ["vgpu-uuid"], [])
    kind = scene.show("kind")
    assert (kind["type"], kind["modelName"], kind["vendorName"]) == ("vgpuType", "A16-4Q", "NVIDIA")
    assert (kind["maxResolutionX"], kind["maxResolutionY"], kind["maxHeads"], kind["framebufferSize"]) == (
        7680,
        4320,
        4,
        4,
    )
    assert (kind["gpuGroups"], kind["pgpus"], kind["vgpus"]) == (["group-uuid"], ["pgpu-uuid"], ["vgpu-uuid"])


def test_a_gpu_on_its_own() -> None:
    scene = Scene(pgpu=PGPURecord(), vgpu=VGPURecord())
    assert not {"host", "$host", "pci", "gpuGroup"} & set(scene.show("pgpu"))
    assert not {"vm", "resident_on", "vgpuType", "gpuGroup"} & set(scene.show("vgpu"))


def test_usb() -> None:
    scene = Scene(
        host=HostRecord(),
        vm=VMRecord(),
        pusb=PUSBRecord(
            USB_group=ref("group"),
            host=ref("host"),
            vendor_id="0781",
            vendor_desc="SanDisk",
            product_desc="Ultra",
            version="2.10",
            passthrough_enabled=True,
            speed=480.0,
        ),
        group=USB_groupRecord(PUSBs=(ref("pusb"),), VUSBs=(ref("vusb"),)),
        vusb=VUSBRecord(VM=ref("vm"), USB_group=ref("group"), currently_attached=True),
        nameless=PUSBRecord(product_desc="Ultra"),
    )
    pusb = scene.show("pusb")
    assert (pusb["type"], pusb["description"], pusb["host"]) == ("PUSB", "SanDisk - Ultra", "host-uuid")
    assert (pusb["passthroughEnabled"], pusb["speed"], pusb["usbGroup"]) == (True, 480, "group-uuid")
    assert (pusb["vendorId"], pusb["version"]) == ("0781", "2.10")
    assert scene.show("nameless")["description"] == "Ultra"
    vusb = scene.show("vusb")
    assert (vusb["type"], vusb["vm"], vusb["usbGroup"], vusb["currentlyAttached"]) == (
        "VUSB",
        "vm-uuid",
        "group-uuid",
        True,
    )
    group = scene.show("group")
    assert (group["type"], group["PUSBs"], group["VUSBs"]) == ("USB_group", ["pusb-uuid"], ["vusb-uuid"])


def test_vtpm() -> None:
    scene = Scene(vm=VMRecord(VTPMs=(ref("vtpm"),)), vtpm=VTPMRecord(VM=ref("vm")), orphan=VTPMRecord(VM=""))
    assert (scene.show("vtpm")["type"], scene.show("vtpm")["vm"]) == ("VTPM", "vm-uuid")
    assert scene.show("vm")["VTPMs"] == ["vtpm-uuid"]
    assert "vm" not in scene.show("orphan")
