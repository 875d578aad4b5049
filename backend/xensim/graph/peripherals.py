"""GPUs and USB devices of the hosts, and the groups through which VMs get them."""

from xensim.graph.site import Host, Site

_ONBOARD = ("102b", "Matrox Electronics Systems Ltd.", "0536", "Integrated Matrox G200eW3 Graphics Controller")
_TESLA = ("10de", "NVIDIA Corporation", "1eb8", "TU104GL [Tesla T4]")
MIB = 1 << 20


def build(site: Site) -> None:
    """Add a display adapter to each host, a shareable GPU to the first two, and a USB stick to the first."""
    mint = site.mint
    passthrough = mint.add("VGPU_type", model_name="passthrough", implementation="passthrough", identifier="0001:")
    site.vgpu_type = mint.add(
        "VGPU_type",
        vendor_name="NVIDIA Corporation", model_name="GRID T4-2Q", framebuffer_size=1824 * MIB, max_heads=4,
        max_resolution_x=7680, max_resolution_y=4320, implementation="nvidia",
        identifier="0004:nvidia,1eb8:1309,10de:130a", experimental=False,
    )  # fmt: skip
    onboard = _group(site, _ONBOARD, [passthrough])
    site.gpu_group = _group(site, _TESLA, [passthrough, site.vgpu_type])
    for host in site.hosts:
        _gpu(site, host, _ONBOARD, onboard, {passthrough: 1}, display=True)
        if host.index < 2:
            host.gpu = _gpu(site, host, _TESLA, site.gpu_group, {passthrough: 1, site.vgpu_type: 8}, display=False)
    site.usb_group = mint.add("USB_group", name_label="Group of 0951 1666 USBs", name_description="")
    mint.add(
        "PUSB",
        USB_group=site.usb_group, host=site.hosts[0].ref, path="1-2", vendor_id="0951",
        vendor_desc="Kingston Technology", product_id="1666", product_desc="DataTraveler 100 G3", serial="SIM000001",
        version="2.10", description="Kingston Technology_DataTraveler 100 G3_SIM000001", passthrough_enabled=True,
        speed=480.0,
    )  # fmt: skip


def _group(site: Site, model: tuple[str, str, str, str], types: list[str]) -> str:
    return site.mint.add(
        "GPU_group",
        name_label=f"Group of {model[1]} {model[3]} GPUs", GPU_types=[f"{model[0]}/{model[2]}"],
        allocation_algorithm="depth_first", supported_VGPU_types=types, enabled_VGPU_types=types,
    )  # fmt: skip


def _gpu(
    site: Site, host: Host, model: tuple[str, str, str, str], group: str, types: dict[str, int], *, display: bool
) -> str:
    vendor_id, vendor, device_id, name = model
    pci = site.mint.add(
        "PCI",
        class_id="0300" if display else "0302",
        class_name="VGA compatible controller" if display else "3D controller",
        vendor_id=vendor_id, vendor_name=vendor, device_id=device_id, device_name=name, host=host.ref,
        pci_id="0000:03:00.0" if display else "0000:ca:00.0", subsystem_vendor_id="1028", subsystem_vendor_name="Dell",
        subsystem_device_id="0a1c", subsystem_device_name=name, driver_name="" if display else "nvidia",
    )  # fmt: skip
    return site.mint.add(
        "PGPU",
        PCI=pci, GPU_group=group, host=host.ref, supported_VGPU_types=list(types), enabled_VGPU_types=list(types),
        supported_VGPU_max_capacities=types, dom0_access="enabled" if display else "disabled",
        is_system_display_device=display,
    )  # fmt: skip
