"""The list of all types: complete, unambiguous, and good for an OpenAPI document."""

import msgspec
import pytest

from podium.model.base import PoolObject, Resource
from podium.model.registry import BY_COLLECTION, BY_STRUCT, BY_TYPE, PROJECTIONS, RESOURCES
from podium.xapi.records import RECORDS

COLLECTIONS = {
    "pool": "pools", "host": "hosts", "VM": "vms", "VM-template": "vm-templates", "VM-snapshot": "vm-snapshots",
    "VM-controller": "vm-controllers", "SR": "srs", "SM": "sms", "PBD": "pbds", "VDI": "vdis",
    "VDI-snapshot": "vdi-snapshots", "VDI-unmanaged": "vdi-unmanaged", "VBD": "vbds", "VIF": "vifs", "PIF": "pifs",
    "bond": "bonds", "network": "networks", "message": "messages", "alarm": "alarms", "xapi-task": "xapi-tasks",
    "patch": "patches", "pool_patch": "pool-patches", "PCI": "pcis", "PGPU": "pgpus", "vgpu": "vgpus",
    "gpuGroup": "gpu-groups", "vgpuType": "vgpu-types", "VTPM": "vtpms", "PUSB": "pusbs", "VUSB": "vusbs",
    "USB_group": "usb-groups", "server": "servers", "task": "tasks", "user": "users",
    "alarm-rule": "alarm-rules", "notification-channel": "notification-channels", "notification": "notifications",
    "resource-set": "resource-sets", "group": "groups", "acl-role": "acl-roles", "acl-privilege": "acl-privileges",
}  # fmt: skip


def test_every_type_has_its_collection() -> None:
    assert {resource.type: resource.collection for resource in RESOURCES} == COLLECTIONS


def test_nothing_is_listed_twice() -> None:
    assert len(RESOURCES) == len(BY_TYPE) == len(BY_COLLECTION) == len(BY_STRUCT)
    assert len({resource.privilege for resource in RESOURCES}) == len(RESOURCES)


def test_only_known_classes_are_projected() -> None:
    assert set(PROJECTIONS) <= set(RECORDS)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: str(resource.type))
def test_the_type_that_objects_say_they_are(resource: Resource) -> None:
    defaults = {field.name: field.default for field in msgspec.structs.fields(resource.struct)}
    if issubclass(resource.struct, PoolObject):
        assert defaults["type"] == (resource.json_type or resource.type)
    else:
        assert "type" not in defaults


def test_every_struct_is_a_schema_of_its_own_name() -> None:
    _, components = msgspec.json.schema_components([resource.struct for resource in RESOURCES])
    names = {resource.struct.__name__ for resource in RESOURCES}
    assert names <= set(components)
    assert not [name for name in components if "." in name or "_" in name]


def test_what_may_be_left_out_is_not_required() -> None:
    _, components = msgspec.json.schema_components([BY_TYPE["VM"].struct])
    required = set(components["VM"]["required"])
    assert {"id", "$pool", "_xapiRef", "$container", "os_version", "vulnerabilities"} <= required
    assert not {"mainIpAddress", "xenTools", "docker", "installTime"} & required
