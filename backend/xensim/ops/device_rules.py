"""What VBDs, VIFs, VDIs, SRs and hosts allow: the tables behind their `allowed_operations`."""

from functools import lru_cache

# Operation on a VDI → the driver feature it needs ("" for none), in the order seen on the wire.
VDI_FEATURES = {
    "generate_config": "VDI_GENERATE_CONFIG",
    "update": "VDI_UPDATE",
    "forget": "",
    "destroy": "VDI_DELETE",
    "snapshot": "VDI_SNAPSHOT",
    "resize": "VDI_RESIZE",
    "copy": "",
    "clone": "VDI_CLONE",
    "mirror": "VDI_MIRROR",
    "set_on_boot": "VDI_RESET_ON_BOOT",
    "enable_cbt": "VDI_CONFIG_CBT",
    "disable_cbt": "VDI_CONFIG_CBT",
    "data_destroy": "VDI_CONFIG_CBT",
    "list_changed_blocks": "VDI_CONFIG_CBT",
}
VDI_LIVE = frozenset(
    {"generate_config", "update", "snapshot", "clone", "mirror", "enable_cbt", "disable_cbt",
     "data_destroy", "list_changed_blocks"}
)  # fmt: skip

SR_FEATURES = {
    "vdi_enable_cbt": "VDI_CONFIG_CBT",
    "vdi_list_changed_blocks": "VDI_CONFIG_CBT",
    "unplug": "",
    "plug": "",
    "pbd_create": "",
    "vdi_disable_cbt": "VDI_CONFIG_CBT",
    "update": "SR_UPDATE",
    "pbd_destroy": "",
    "vdi_resize": "VDI_RESIZE",
    "vdi_clone": "VDI_CLONE",
    "vdi_data_destroy": "VDI_CONFIG_CBT",
    "scan": "",
    "vdi_snapshot": "VDI_SNAPSHOT",
    "vdi_mirror": "VDI_MIRROR",
    "vdi_create": "VDI_CREATE",
    "vdi_destroy": "VDI_DELETE",
    "vdi_introduce": "VDI_INTRODUCE",
    "vdi_set_on_boot": "VDI_RESET_ON_BOOT",
}

HOST_ENABLED = ["vm_migrate", "provision", "vm_resume", "enable", "evacuate", "vm_start"]
HOST_DISABLED = [
    "vm_migrate", "provision", "vm_resume", "apply_updates", "enable", "reboot", "evacuate", "vm_start", "shutdown",
]  # fmt: skip


@lru_cache(maxsize=256)
def vbd(*, power_state: str, drivers: bool, cd: bool, empty: bool, attached: bool, unpluggable: bool) -> list[str]:
    """A VBD's `allowed_operations`; the list is shared, so never change it."""
    operations = ["attach"]
    if power_state in {"Running", "Paused"} and attached:
        operations += ["unpause", "pause"]
    if cd and power_state != "Suspended":
        operations.append("insert" if empty else "eject")
    if power_state == "Running" and drivers and not cd:
        if not attached:
            operations.append("plug")
        elif unpluggable:
            operations += ["unplug", "unplug_force"]
    return operations


@lru_cache(maxsize=16)
def vif(*, power_state: str, drivers: bool, attached: bool) -> list[str]:
    """A VIF's `allowed_operations`; the list is shared, so never change it."""
    if power_state == "Running" and drivers:
        return ["attach", "unplug" if attached else "plug"]
    return ["attach"]


@lru_cache(maxsize=512)
def vdi(
    features: frozenset[str], *, attached: bool, managed: bool, snapshot: bool, cbt: bool, written: bool = True
) -> list[str]:
    """A VDI's `allowed_operations`; the list is shared, so never change it. `written`: attached to be written to."""
    if not managed:
        return []
    unfit = {"enable_cbt"} if cbt or snapshot else {"disable_cbt"}
    if not (snapshot and cbt):
        unfit.add("data_destroy")
    return [
        op
        for op, feature in VDI_FEATURES.items()
        if (not feature or feature in features)
        and (op in VDI_LIVE or not attached or (op == "copy" and not written))
        and op not in unfit
    ]


@lru_cache(maxsize=256)
def sr(features: frozenset[str], *, plugged: bool, has_pbd: bool) -> list[str]:
    """An SR's `allowed_operations`; the list is shared, so never change it."""
    operations = [op for op, feature in SR_FEATURES.items() if not feature or feature in features]
    if not plugged:
        operations.append("forget")
        if has_pbd and "SR_DELETE" in features:
            operations.append("destroy")
    return operations
