"""A row of each collection as the document shows it, by collection, in the fields that say most in little room.

Not only for people: Xen Orchestra's MCP server asks for the fields of the first such row when nobody names any.
"""

from typing import Any, Final

_ID: Final = "f07ab729-c0e8-721c-45ec-f11276377030"
_OTHER: Final = "d5d1c4a3-4c5e-ca7b-6be8-33c824f87571"
_USB: Final = {"id": _ID, "usbGroup": _OTHER}
_DISK: Final = {"id": _ID, "name_label": "root", "size": 10737418240, "$SR": _OTHER}
_MEMORY: Final = {"size": 4294967296, "dynamic": [4294967296, 4294967296], "static": [2147483648, 4294967296]}
_VM: Final = {"id": _ID, "name_label": "web 1", "power_state": "Running"}

_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "acl-privileges": {"id": _ID, "roleId": _OTHER, "resource": "vm", "action": "start", "effect": "allow"},
    "acl-roles": {"id": _ID, "name": "Operators", "isTemplate": False, "userIds": [_OTHER], "privilegeIds": [_OTHER]},
    "alarm-rules": {"id": _ID, "name": "CPU of production", "type": "VM", "metric": "cpu", "threshold": 90},
    "alarms": {
        "id": _ID,
        "time": 1747053793000,
        "body": {"name": "cpu_usage", "value": "92.4"},
        "object": {"type": "VM", "uuid": _OTHER, "href": f"/rest/v0/vms/{_OTHER}"},
    },
    "bonds": {"id": _ID, "mode": "active-backup", "master": _OTHER},
    "gpu-groups": {"id": _ID, "name_label": "Group of NVIDIA GPUs", "allocation": "depth_first"},
    "groups": {"id": _ID, "name": "Team Lakeside", "users": [_OTHER], "aclRoleIds": [_OTHER]},
    "hosts": {"id": _ID, "name_label": "xcp 1", "power_state": "Running", "enabled": True, "version": "8.3.0"},
    "messages": {
        "id": _ID,
        "name": "VM_STARTED",
        "body": "VM 'web 1' was started",
        "$object": _OTHER,
        "time": 1747053793,
    },
    "notification-channels": {"id": _ID, "name": "On call", "kind": "webhook", "enabled": True},
    "notifications": {"id": _ID, "channel": _OTHER, "event": "raised", "state": "sent", "attempts": 1},
    "networks": {"id": _ID, "name_label": "Pool-wide network", "bridge": "xenbr0", "nbd": False},
    "patches": {"id": _ID, "name": "XS82E001", "applied": True},
    "pbds": {"id": _ID, "attached": True, "host": _OTHER, "SR": _ID},
    "pcis": {
        "id": _ID,
        "class_name": "Non-Volatile memory controller",
        "device_name": "NVMe SSD",
        "pci_id": "0000:01:00.0",
    },
    "pgpus": {"id": _ID, "dom0Access": "enabled", "gpuGroup": _OTHER},
    "pifs": {"id": _ID, "device": "eth0", "attached": True, "ip": "10.0.0.2", "vlan": -1},
    "pool-patches": {"id": _ID, "name": "XS82E001"},
    "pools": {"id": _ID, "name_label": "Lakeside", "master": _OTHER, "auto_poweron": True},
    "pusbs": {**_USB, "description": "USB stick", "passthroughEnabled": False},
    "resource-sets": {"id": _ID, "name": "Students", "subjects": [_OTHER], "objects": [_OTHER]},
    "servers": {"id": _ID, "host": "10.0.0.2", "label": "Lakeside", "status": "connected", "enabled": True},
    "sms": {"id": _ID, "name_label": "NFS VHD", "SM_type": "nfs"},
    "srs": {
        "id": _ID,
        "name_label": "Local storage",
        "SR_type": "ext",
        "size": 1000204886016,
        "physical_usage": 53687091200,
    },
    "tasks": {
        "id": "0mdd1basu",
        "status": "success",
        "properties": {"name": "REST API: connect server", "objectId": _ID, "objectType": "server"},
    },
    "usb-groups": {"id": _ID, "PUSBs": [_OTHER], "VUSBs": []},
    "users": {"id": _ID, "name": "ada@example.org", "permission": "none"},
    "vbds": {"id": _ID, "device": "xvda", "attached": True, "bootable": True, "VM": _OTHER, "VDI": _ID},
    "vdi-snapshots": {**_DISK, "snapshot_time": 1747053793, "$snapshot_of": _OTHER},
    "vdi-unmanaged": _DISK,
    "vdis": {**_DISK, "usage": 2147483648},
    "vgpu-types": {"id": _ID, "modelName": "GRID M60-1Q", "vendorName": "NVIDIA Corporation"},
    "vgpus": {"id": _ID, "currentlyAttached": True, "vm": _OTHER, "vgpuType": _ID},
    "vifs": {"id": _ID, "device": "0", "attached": True, "MAC": "b6:3c:4f:5a:01:02", "$VM": _OTHER, "$network": _ID},
    "vm-controllers": {"id": _ID, "name_label": "Control domain on host: xcp 1", "$container": _OTHER},
    "vm-snapshots": {**_VM, "snapshot_time": 1747053793, "$snapshot_of": _OTHER},
    "vm-templates": {"id": _ID, "name_label": "Debian Trixie 13", "isDefaultTemplate": True},
    "vms": {**_VM, "CPUs": {"max": 2, "number": 2}, "memory": _MEMORY, "$container": _OTHER},
    "vtpms": {"id": _ID, "vm": _OTHER},
    "vusbs": {**_USB, "currentlyAttached": True, "vm": _OTHER},
    "xapi-tasks": {"id": _ID, "name_label": "Async.VM.start", "status": "success", "progress": 1},
}


def list_examples(collection: str) -> dict[str, Any]:
    """The examples of a list's two forms: addresses, and rows. Empty where there is nothing to show."""
    fields = _FIELDS.get(collection)
    if fields is None:
        return {}
    href = f"/rest/v0/{collection}/{fields['id']}"
    return {"Addresses": {"value": [href]}, "Rows": {"value": [{**fields, "href": href}]}}
