"""The rules of VMs that the recorded pool does not exercise."""

import json
from typing import Any

import pytest

from podium.xapi.records import (
    HostRecord,
    PBDRecord,
    PoolRecord,
    SRRecord,
    TaskRecord,
    VBDRecord,
    VDIRecord,
    VM_guest_metricsRecord,
    VM_metricsRecord,
    VMRecord,
)
from tests.model.lookup import POOL_ID, Scene, ref


def show(record: VMRecord, **others: Any) -> dict[str, Any]:
    return Scene(vm=record, **others).show("vm")


# kinds and ids


def test_a_snapshot_is_one_although_it_is_a_template_too() -> None:
    record = VMRecord(is_a_snapshot=True, is_a_template=True, snapshot_of=ref("gone"), suspend_VDI=ref("memory"))
    shown = show(record, memory=VDIRecord())
    assert shown["type"] == "VM-snapshot"
    assert "$snapshot_of" not in shown
    assert shown["snapshot_time"] is None
    assert shown["suspendVdi"] == "memory-uuid"


def test_a_vm_with_a_living_original_is_a_snapshot_without_the_flag() -> None:
    assert show(VMRecord(snapshot_of=ref("original")), original=VMRecord())["type"] == "VM-snapshot"
    assert show(VMRecord(snapshot_of=ref("gone")))["type"] == "VM"
    assert show(VMRecord(snapshot_of="Ref:2"))["type"] == "VM"


def test_a_snapshot_of_a_control_domain_stays_a_controller() -> None:
    assert show(VMRecord(is_control_domain=True, is_a_snapshot=True))["type"] == "VM-controller"


@pytest.mark.parametrize(
    "record",
    [
        VMRecord(uuid="u", is_a_template=True, is_default_template=True),
        VMRecord(uuid="u", is_a_template=True, other_config={"default_template": "true"}),
    ],
)
def test_default_templates_are_named_by_pool_and_uuid(record: VMRecord) -> None:
    scene = Scene(vm=record, vbd=VBDRecord(VM=ref("vm")))
    shown = scene.show("vm")
    assert (shown["type"], shown["id"], shown["uuid"]) == ("VM-template", f"{POOL_ID}-u", "u")
    assert shown["isDefaultTemplate"] is True
    assert scene.show("vbd")["VM"] == shown["id"]


def test_a_snapshot_of_a_default_template_keeps_its_uuid() -> None:
    record = VMRecord(uuid="u", is_a_template=True, is_a_snapshot=True, other_config={"default_template": "true"})
    assert show(record)["id"] == "u"


def test_a_template_tells_how_to_install() -> None:
    record = VMRecord(
        is_a_template=True,
        VCPUs_at_startup=3,
        other_config={
            "install-arch": "x86_64",
            "install-repository": "http://mirror.example/",
            "install-methods": "cdrom,nfs",
            "disks": '<provision><disk device="0" size="1024" sr="s" bootable="true" type="system"/>'
            '<disk size="none"/><disk size="2048"/></provision>',
        },
    )
    shown = show(record)
    assert shown["template_info"] == {
        "arch": "x86_64",
        "disks": [
            {"SR": "s", "bootable": True, "device": "0", "size": 1024, "type": "system"},
            {"SR": "", "bootable": False, "size": 2048},
        ],
        "install_methods": ["cdrom", "nfs"],
        "install_repository": "http://mirror.example/",
    }
    assert shown["isDefaultTemplate"] is False
    assert shown["CPUs"]["number"] == 3


# where it is


def local_disk(**vbd: Any) -> dict[str, Any]:
    return {
        "vbd": VBDRecord(VM=ref("vm"), VDI=ref("vdi"), **{"type": "Disk", **vbd}),
        "vdi": VDIRecord(SR=ref("sr")),
        "sr": SRRecord(PBDs=(ref("pbd"),)),
        "pbd": PBDRecord(host=ref("host"), SR=ref("sr")),
        "host": HostRecord(),
    }


def test_a_running_vm_is_on_its_host() -> None:
    record = VMRecord(resident_on=ref("other"), VBDs=(ref("vbd"),))
    assert show(record, other=HostRecord(), **local_disk())["$container"] == "other-uuid"


def test_a_halted_vm_with_a_local_disk_is_where_the_disk_is() -> None:
    record = VMRecord(VBDs=(ref("gone"), ref("vbd")))
    assert show(record, **local_disk())["$container"] == "host-uuid"


@pytest.mark.parametrize(
    "changes",
    [
        {"sr": SRRecord(PBDs=(ref("pbd"),), shared=True)},
        {"sr": SRRecord()},
        {"pbd": PBDRecord(host=ref("gone"))},
        {"vdi": VDIRecord(SR="")},
        {"vbd": VBDRecord(type="CD", VDI=ref("vdi"))},
        {"vbd": VBDRecord(type="Disk", VDI="")},
    ],
)
def test_every_other_halted_vm_is_in_the_pool(changes: dict[str, Any]) -> None:
    assert show(VMRecord(VBDs=(ref("vbd"),)), **{**local_disk(), **changes})["$container"] == POOL_ID


# processors and memory


def running(**fields: Any) -> VMRecord:
    return VMRecord(power_state="Running", metrics=ref("metrics"), guest_metrics=ref("guest"), **fields)


TOOLS = {"major": "9", "minor": "4", "micro": "1", "build": "7"}


def test_a_running_vm_with_tools_has_the_cpus_that_xen_counts() -> None:
    metrics = VM_metricsRecord(VCPUs_number=3)
    record = running(VCPUs_at_startup=2, VCPUs_max=4)
    with_tools = show(record, metrics=metrics, guest=VM_guest_metricsRecord(PV_drivers_version=TOOLS))
    without = show(record, metrics=metrics)
    assert with_tools["CPUs"] == {"max": 4, "number": 3}
    assert without["CPUs"] == {"max": 4, "number": 2}


@pytest.mark.parametrize(
    ("platform", "cores"), [({}, 2), ({"cores-per-socket": "4"}, 4), ({"cores-per-socket": "many"}, 2)]
)
def test_cores_per_socket_is_shown_without_writing_it(platform: dict[str, str], cores: int) -> None:
    assert show(VMRecord(VCPUs_at_startup=2, platform=platform))["coresPerSocket"] == cores


def test_cpu_parameters() -> None:
    shown = show(VMRecord(VCPUs_params={"weight": "256", "cap": "0", "mask": "0,2, 3,x"}))
    assert (shown["cpuWeight"], shown["cpuCap"], shown["cpuMask"]) == (256, 0, [0, 2, 3])
    odd = show(VMRecord(VCPUs_params={"weight": "heavy", "cap": ""}))
    assert not {"cpuWeight", "cpuCap", "cpuMask"} & set(odd)


def test_memory_of_a_halted_a_running_and_an_old_guest() -> None:
    limits: dict[str, Any] = {
        "memory_dynamic_min": 1,
        "memory_dynamic_max": 2,
        "memory_static_min": 0,
        "memory_static_max": 3,
    }
    metrics = VM_metricsRecord(memory_actual=7)
    halted = VMRecord(power_state="Halted", metrics=ref("metrics"), **limits)
    assert show(halted, metrics=metrics)["memory"] == {"dynamic": [1, 2], "static": [0, 3], "size": 2}
    assert show(running(**limits), metrics=metrics)["memory"]["size"] == 7
    assert show(running(**limits))["memory"]["size"] == 2
    old = VM_guest_metricsRecord(memory={"used": "5", "total": "6"})
    assert show(running(**limits), metrics=metrics, guest=old)["memory"] == {
        "dynamic": [1, 2],
        "static": [0, 3],
        "size": 6,
        "usage": 5,
    }
    odd = VM_guest_metricsRecord(memory={"used": "?", "total": "?"})
    assert show(running(**limits), metrics=metrics, guest=odd)["memory"]["size"] == 7


def test_times_are_left_out_without_metrics_and_null_for_never() -> None:
    assert not {"installTime", "startTime"} & set(show(VMRecord()))
    never = show(running(), metrics=VM_metricsRecord())
    assert (never["installTime"], never["startTime"]) == (None, None)


# virtualisation


@pytest.mark.parametrize(
    ("domain_type", "policy", "mode", "hvm"),
    [
        ("hvm", "", "hvm", True),
        ("pv", "BIOS order", "pv", False),
        ("pvh", "", "pvh", False),
        ("pv_in_pvh", "", "pv_in_pvh", False),
        ("unspecified", "BIOS order", "hvm", True),
        ("unspecified", "", "pv", False),
    ],
)
def test_virtualization_mode(domain_type: str, policy: str, mode: str, *, hvm: bool) -> None:
    shown = show(VMRecord(domain_type=domain_type, HVM_boot_policy=policy, PV_args="quiet"))
    assert shown["virtualizationMode"] == mode
    assert (shown.get("vga"), shown.get("videoram")) == (("cirrus", 4) if hvm else (None, None))
    assert shown.get("PV_args") == (None if hvm else "quiet")


@pytest.mark.parametrize(
    ("version", "platform", "nested"),
    [
        ("3.4.0", {"nested-virt": "true"}, True),
        ("3.10.0", {"nested-virt": "true"}, True),
        ("3.2.1", {"nested-virt": "true"}, False),
        ("3.4.0", {"exp-nested-hvm": "true"}, False),
        ("3.2.1", {"exp-nested-hvm": "true"}, True),
        ("", {"exp-nested-hvm": "true"}, True),
        ("3.2.1", {"exp-nested-hvm": "true", "nested-virt": "true"}, True),
        ("3.4.0", {}, False),
    ],
)
def test_nested_virtualisation(version: str, platform: dict[str, str], *, nested: bool) -> None:
    shown = show(VMRecord(platform=platform), master=HostRecord(software_version={"platform_version": version}))
    assert shown["isNestedVirtEnabled"] is nested
    assert shown["expNestedHvm"] is (platform.get("exp-nested-hvm") == "true")


@pytest.mark.parametrize(("firmware", "supported"), [("bios", False), ("uefi", True), (None, True)])
def test_firmware(firmware: str | None, *, supported: bool) -> None:
    text = '<restrictions><restriction field="supports-bios" value="no"/></restrictions>'
    boot = {} if firmware is None else {"firmware": firmware}
    assert show(VMRecord(HVM_boot_params=boot, recommendations=text))["isFirmwareSupported"] is supported
    assert show(VMRecord(HVM_boot_params=boot, recommendations="<restr"))["isFirmwareSupported"] is True


def test_platform_flags() -> None:
    on = show(VMRecord(platform={"viridian": "true", "secureboot": "true", "vtpm": "true", "nic_type": "e1000"}))
    assert (on["viridian"], on["secureBoot"], on["needsVtpm"], on["nicType"]) == (True, True, True, "e1000")
    off = show(VMRecord(platform={"secureboot": "auto"}))
    assert (off["viridian"], off["secureBoot"], off["needsVtpm"], off.get("nicType")) == (False, False, False, None)


# what is written in maps


def test_passed_through_pci_devices() -> None:
    assert show(VMRecord(other_config={"pci": "0/0000:04:01.0,1/0000:05:00.0,odd"}))["attachedPcis"] == [
        "0000:04:01.0",
        "0000:05:00.0",
    ]
    assert "attachedPcis" not in show(VMRecord())


def test_creation_and_resource_set() -> None:
    uuid = "12345678-aaaa"
    data = json.dumps({"creation": {"date": "2026-01-01T00:00:00.000Z", "template": "t", "user": "u"}, "more": [1]})
    shown = show(VMRecord(uuid=uuid, other_config={"xo:12345678": data, "xo:resource_set": '"set"', "xo:notes": "n"}))
    assert shown["creation"] == {"date": "2026-01-01T00:00:00.000Z", "template": "t", "user": "u"}
    assert (shown["resourceSet"], shown["notes"]) == ("set", "n")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"creation": 3}', '"\\ud800"', "[" * 100_000])
def test_malformed_json_is_left_out(text: str) -> None:
    shown = show(VMRecord(uuid="12345678", other_config={"xo:12345678": text, "xo:resource_set": text}))
    assert not {"creation", "resourceSet"} & set(shown)


def test_current_operations_are_named_by_task_and_forgotten_with_it() -> None:
    record = VMRecord(current_operations={ref("task"): "start", ref("gone"): "clone", "DummyRef:|x|task.cancel": "c"})
    assert show(record, task=TaskRecord())["current_operations"] == {"task-uuid": "start"}


def test_missing_links() -> None:
    record = VMRecord(
        VBDs=(ref("vbd"), ref("gone")), snapshots=("OpaqueRef:NULL",), parent="Ref:2", affinity="", suspend_SR=ref("x")
    )
    shown = show(record, vbd=VBDRecord())
    assert shown["$VBDs"] == ["vbd-uuid", None]
    assert shown["snapshots"] == []
    assert not {"parent", "affinityHost", "suspendSr"} & set(shown)


# containers


def test_docker_is_off_on_or_absent() -> None:
    assert "docker" not in show(VMRecord())
    assert show(VMRecord(other_config={"xscontainer-monitor": "False"}))["docker"] == {"enabled": False}
    on = show(
        VMRecord(
            other_config={
                "xscontainer-monitor": "True",
                "docker_info": "<docker_info><Images>3</Images></docker_info>",
                "docker_version": "<docker_version",
                "docker_ps": "<docker_ps><item><entry><names>web</names><image>nginx</image><status>Up</status>"
                "<ports><item><PrivatePort>80</PrivatePort></item></ports></entry></item>"
                "<item><entry><names>db</names></entry></item><item/></docker_ps>",
            }
        )
    )["docker"]
    assert on["enabled"] is True
    assert on["info"] == {"Images": "3"}
    assert "version" not in on
    assert on["containers"] == [
        {"entry": {"names": "web", "image": "nginx", "status": "Up"}},
        {"entry": {"names": "db"}},
    ]
    assert on["process"]["item"][0]["entry"]["ports"] == {"item": {"PrivatePort": "80"}}


def test_one_container_is_a_list_too() -> None:
    text = "<docker_ps><item><entry><names>web</names></entry></item></docker_ps>"
    shown = show(VMRecord(other_config={"xscontainer-monitor": "True", "docker_ps": text}))
    assert shown["docker"]["containers"] == [{"entry": {"names": "web"}}]


def test_nothing_is_known_of_a_pool_without_a_master() -> None:
    scene = Scene(vm=VMRecord(platform={"nested-virt": "true"}), pool=PoolRecord(uuid=POOL_ID, master="OpaqueRef:NULL"))
    assert scene.show("vm")["isNestedVirtEnabled"] is False
