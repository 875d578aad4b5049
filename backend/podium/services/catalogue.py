"""Catalogue: every resource that privileges speak of, and what can be done with it (ANCHOR 4.3).

An action has two levels at most, `update:tags`. A privilege may name an action, its parent, or `*`.
"""

from typing import Final

from podium.errors import InvalidParameters

ALL: Final = "*"

_UPDATES_OF_VM: Final = (
    "affinityHost autoPoweron blockedOperations coresPerSocket cpuCap cpuMask cpuWeight cpus cpusStaticMax creation "
    "datasources expNestedHvm hasVendorDevice highAvailability hvmBootFirmware memory memoryMax memoryMin "
    "memoryStaticMax nameDescription nameLabel nestedVirt nicType notes PV_args resourceSet secureBoot share "
    "startDelay suspendSr tags uefiMode vga videoram viridian virtualizationMode xenStoreData"
)


def _actions(text: str, **children: str) -> frozenset[str]:
    """The words of `text`, and those below each parent; `_` in a parent's name stands for `-`."""
    found = set(text.split())
    for name, below in children.items():
        parent = name.replace("_", "-")
        found.add(parent)
        found.update(f"{parent}:{child}" for child in below.split())
    return frozenset(found)


ANCHORED: Final[dict[str, frozenset[str]]] = {
    "vm": _actions(
        "clone delete export migrate-send pause read resume revert-snapshot snapshot start suspend unpause",
        reboot="clean hard",
        shutdown="clean hard",
        update=_UPDATES_OF_VM,
    ),
    "vm-template": _actions("delete export instantiate read", update="tags"),
    "vm-snapshot": _actions("delete export read", update="tags"),
    "vm-controller": _actions("read", update="tags"),
    "host": _actions(
        "allow-vm detach disable enable evacuate forget join-pool migrate-receive read restart-toolstack scan-pifs "
        "start",
        export="logs",
        reboot="clean smart",
        shutdown="clean emergency",
        update="tags",
    ),
    "pool": _actions(
        "add-host emergency-shutdown read rolling-reboot rolling-update", create="network vm", update="tags"
    ),
    "sr": _actions(
        "create delete forget migrate-receive read reclaim-space scan", **{"import": "vdi vm", "update": "tags"}
    ),
    "vdi": _actions(
        "boot create delete export-content import-content migrate-send read",
        update="name_description name_label size tags",
    ),
    "vdi-snapshot": _actions("delete export read", update="tags"),
    "vdi-unmanaged": _actions("read"),
    "vgpu": _actions("read"),
    "vgpuType": _actions("read"),
    "gpuGroup": _actions("read"),
    "vtpm": _actions("read"),
    "pci": _actions("read"),
    "pgpu": _actions("read"),
    "sm": _actions("read"),
    "message": _actions("read"),
    "alarm": _actions("read"),
    "proxy": _actions("read"),
    "backup-job": _actions("read"),
    "backup-log": _actions("read"),
    "backup-archive": _actions("read"),
    "restore-log": _actions("read"),
    "vbd": _actions("connect create delete disconnect read"),
    "vif": _actions(
        "connect create delete disconnect read",
        update="allowedIpv4Addresses allowedIpv6Addresses lockingMode rateLimit txChecksumming other_config",
    ),
    "network": _actions("create delete read", update="tags other_config"),
    "pif": _actions("read", update="management"),
    "pbd": _actions("plug read unplug"),
    "backup-repository": _actions("benchmark create forget read", update="enabled name options proxy url"),
    "schedule": _actions("read run"),
    "server": _actions("connect create delete disconnect read"),
    "task": _actions("abort delete read"),
    "user": _actions("create delete read", update="name password permission preferences"),
    "group": _actions("create delete read", update="name users"),
    "acl-role": _actions("create delete read", update="description groups name users"),
    "acl-privilege": _actions("create delete read", update="action effect resource selector"),
}
"""Xen Orchestra's own."""

_VM_FIELDS: Final = "bootOrder actionsAfterShutdown actionsAfterReboot actionsAfterCrash"

OURS: Final[dict[str, frozenset[str]]] = {
    "vm": _actions("attach console create-template insert-cd eject-cd", update=_VM_FIELDS),
    "vm-template": _actions("attach clone create-vm", update=f"{_UPDATES_OF_VM} {_VM_FIELDS}"),
    "vm-snapshot": _actions("clone", update="nameLabel nameDescription notes"),
    "vm-controller": _actions("console"),
    "host": _actions(
        "", update="datasources name_label name_description iscsiIqn multipathing powerOnMode logDestination"
    ),
    "pool": _actions(
        "designate-master disable-ha enable-ha",
        update="name_label name_description defaultSr suspendSr crashDumpSr autoPoweron migrationCompression",
    ),
    "sr": _actions("", update="datasources name_label name_description shared"),
    "vdi": _actions("attach copy", update="cbt"),
    "vdi-snapshot": _actions("attach copy", update="name_label name_description size cbt"),
    "vif": _actions("", update="networkId"),
    "network": _actions("attach", update="name_label name_description MTU defaultIsLocked nbd automatic"),
    "pif": _actions("delete plug unplug", update="mode ip netmask gateway dns ipv6Mode ipv6 ipv6Gateway"),
    "bond": _actions("delete read"),
    "vtpm": _actions("create delete"),
    "message": _actions("delete"),
    "alarm": _actions("acknowledge delete"),
    "alarm-rule": _actions("create delete read test update"),
    "notification-channel": _actions("create delete read test update"),
    "notification": _actions("delete read update"),
    "audit": _actions("read"),
    "resource-set": _actions("create delete read", update="name limits objects subjects share"),
    "patch": _actions("read"),
    "pool-patch": _actions("read"),
    "pusb": _actions("read"),
    "vusb": _actions("read"),
    "usb-group": _actions("read"),
    "xapi-task": _actions("abort read"),
    "server": _actions("update"),
    "acl-privilege": _actions("", update="reach"),
}
"""What Podium knows beyond that. `attach`: be given to a VM, and of a VM: be given something."""

ACTIONS: Final[dict[str, frozenset[str]]] = {
    resource: ANCHORED.get(resource, frozenset()) | OURS.get(resource, frozenset()) for resource in {**ANCHORED, **OURS}
}
"""By resource, all that can be done with it."""

CONTAINERS: Final = frozenset({"pool", "host", "sr", "vm", "vm-template", "vm-snapshot", "vm-controller"})
"""Resources that have something inside."""
_ANY_ACTION: Final = frozenset().union(*ACTIONS.values())


def covers(granted: str, action: str) -> bool:
    """Whether a privilege on the action `granted` is one on `action`: the same, its parent, or `*`."""
    return granted in (ALL, action) or action.startswith(f"{granted}:")


def require_known(resource: str, action: str, *, inside: bool = False) -> None:
    """Raises InvalidParameters. `inside`: the privilege reaches down, so actions of what is inside count, too."""
    actions = ACTIONS.get(resource)
    if actions is None:
        text = f"there is no resource {resource!r}: {', '.join(sorted(ACTIONS))}"
        raise InvalidParameters(text, errors=[{"loc": ["body", "resource"], "msg": text}])
    if inside and resource not in CONTAINERS:
        text = f"nothing is inside a {resource}: reach inside is for {', '.join(sorted(CONTAINERS))}"
        raise InvalidParameters(text, errors=[{"loc": ["body", "reach"], "msg": text}])
    if action != ALL and action not in (_ANY_ACTION if inside else actions):
        text = f"{resource} has no action {action!r}: *, {', '.join(sorted(actions))}"
        raise InvalidParameters(text, errors=[{"loc": ["body", "action"], "msg": text}])
