"""What can be set on a VM, from its name to its firmware: every setter a client has, and what it refuses."""

import base64
from collections.abc import Iterator

import pytest

from tests.xensim.lab import GIB, Lab, opened
from xensim.ops import memory
from xensim.ops.values import mapping, number, strings, text
from xensim.schema import NULL_REF

BIOS = {"system-manufacturer": "Dell Inc.", "bios-vendor": "Dell"}


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


async def uefi_vm(lab: Lab) -> str:
    vm = await lab.new_vm()
    await lab.call("VM.set_HVM_boot_params", vm, {"firmware": "uefi", "order": "cdn"})
    return vm


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name_label", "новое имя"), ("name_description", "two\nlines"), ("tags", ["a", "b"]), ("PV_args", "quiet"),
        ("PV_bootloader", "pygrub"), ("PV_kernel", "/boot/vmlinuz"), ("PV_ramdisk", "/boot/initrd"),
        ("has_vendor_device", True), ("other_config", {"folder": "/x"}), ("platform", {"cores-per-socket": "2"}),
        ("HVM_boot_params", {"order": "ncd", "firmware": "uefi"}), ("xenstore_data", {"vm-data/a": "1"}),
        ("VCPUs_params", {"weight": "512", "cap": "50", "mask": "0,1"}), ("start_delay", 30), ("shutdown_delay", 5),
        ("order", 3), ("actions_after_shutdown", "restart"), ("actions_after_reboot", "destroy"),
        ("actions_after_crash", "preserve"), ("HVM_shadow_multiplier", 2.0), ("recommendations", "<restrictions/>"),
        ("user_version", 2), ("blocked_operations", {"destroy": "mine"}), ("ha_restart_priority", "best-effort"),
        ("hardware_platform_version", 2), ("NVRAM", {"EFI-variables": "VkFSUw=="}),
    ],
)  # fmt: skip
async def test_a_setter_writes_its_field(lab: Lab, field: str, value: object) -> None:
    vm = await lab.new_vm()
    await lab.call(f"VM.set_{field}", vm, value)
    assert lab.vm(vm)[field] == value


@pytest.mark.parametrize("field", ["platform", "other_config", "xenstore_data", "VCPUs_params", "HVM_boot_params"])
async def test_one_key_of_a_map_can_be_set(lab: Lab, field: str) -> None:
    vm = await lab.new_vm()
    await lab.call(f"VM.add_to_{field}", vm, "viridian-x", "true")
    assert mapping(lab.vm(vm)[field])["viridian-x"] == "true"
    assert await lab.fails(f"VM.add_to_{field}", vm, "viridian-x", "no") == [
        "MAP_DUPLICATE_KEY", "VM", field, vm, "viridian-x",
    ]  # fmt: skip
    await lab.call(f"VM.remove_from_{field}", vm, "viridian-x")
    await lab.call(f"VM.remove_from_{field}", vm, "viridian-x")
    assert "viridian-x" not in mapping(lab.vm(vm)[field])


async def test_places_can_be_set(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.set_affinity", vm, lab.hosts[1])
    await lab.call("VM.set_suspend_SR", vm, lab.nfs)
    await lab.call("VM.start", vm, False, False)
    assert lab.vm(vm)["resident_on"] == lab.hosts[1]
    await lab.call("VM.suspend", vm)
    assert lab.db.field("VDI", text(lab.vm(vm)["suspend_VDI"]), "SR") == lab.nfs


async def test_enumerations_know_their_words(lab: Lab) -> None:
    vm = await lab.new_vm()
    for method, value in (("actions_after_crash", "explode"), ("domain_type", "vax")):
        assert (await lab.fails(f"VM.set_{method}", vm, value))[0] == "INTERNAL_ERROR"
    for field in ("start_delay", "order", "shutdown_delay"):
        assert await lab.fails(f"VM.set_{field}", vm, -1) == ["INVALID_VALUE", field, "-1"]


async def test_a_vm_is_in_one_group_at_most(lab: Lab) -> None:
    vm = await lab.new_vm()
    groups = list(lab.db.refs("VM_group"))
    await lab.call("VM.set_groups", vm, groups[:1])
    assert vm in strings(lab.db.field("VM_group", groups[0], "VMs"))
    assert await lab.fails("VM.set_groups", vm, groups[:2]) == ["TOO_MANY_GROUPS"]
    assert await lab.fails("VM.set_groups", vm, ["OpaqueRef:none"]) == ["HANDLE_INVALID", "VM_group", "OpaqueRef:none"]
    await lab.call("VM.set_groups", vm, [])
    assert lab.vm(vm)["groups"] == []


async def test_the_kind_of_machine_and_its_way_to_boot_go_together(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.set_domain_type", vm, "pvh")
    assert (lab.vm(vm)["domain_type"], lab.vm(vm)["HVM_boot_policy"]) == ("pvh", "")
    await lab.call("VM.set_HVM_boot_policy", vm, "BIOS order")
    assert (lab.vm(vm)["domain_type"], lab.vm(vm)["HVM_boot_policy"]) == ("hvm", "BIOS order")
    await lab.call("VM.set_HVM_boot_policy", vm, "")
    assert lab.vm(vm)["domain_type"] == "pv"
    assert await lab.fails("VM.set_domain_type", vm, "unspecified") == ["INVALID_VALUE", "domain_type", "unspecified"]


async def test_what_a_running_machine_does_not_let_happen(lab: Lab) -> None:
    vm = await lab.running_vm()
    for method, value in (
        ("has_vendor_device", True), ("NVRAM", {}), ("HVM_shadow_multiplier", 1.5), ("VCPUs_max", 4),
        ("VCPUs_at_startup", 1), ("memory_static_max", 8 * GIB), ("memory", GIB), ("is_a_template", True),
    ):  # fmt: skip
        assert await lab.fails(f"VM.set_{method}", vm, value) == ["VM_BAD_POWER_STATE", vm, "halted", "running"], method
    await lab.call("VM.set_shadow_multiplier_live", vm, 2.0)
    await lab.call("VM.add_to_VCPUs_params_live", vm, "weight", "300")
    assert lab.vm(vm)["VCPUs_params"] == {"weight": "300"}
    assert (await lab.fails("VM.add_to_VCPUs_params_live", vm, "weight", "1"))[0] == "MAP_DUPLICATE_KEY"
    assert await lab.fails("VM.set_shadow_multiplier_live", vm, 0.5) == [
        "INVALID_VALUE", "HVM_shadow_multiplier", "0.5",
    ]  # fmt: skip


async def test_sockets_must_be_full_when_a_vm_starts(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.set_VCPUs_max", vm, 4)
    await lab.call("VM.set_platform", vm, mapping(lab.vm(vm)["platform"]) | {"cores-per-socket": "3"})
    assert await lab.fails("VM.start", vm, False, False) == [
        "INVALID_VALUE", "platform:cores-per-socket", "VCPUs_max must be a multiple of this field",
    ]  # fmt: skip
    assert (lab.state(vm), lab.vm(vm)["scheduled_to_be_resident_on"]) == ("Halted", NULL_REF)
    await lab.call("VM.set_platform", vm, mapping(lab.vm(vm)["platform"]) | {"cores-per-socket": "2"})
    await lab.call("VM.start", vm, False, False)


async def test_bios_strings_are_set_once(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert await lab.fails("VM.set_bios_strings", vm, {"colour": "blue"}) == ["INVALID_VALUE", "colour", "Unknown key"]
    assert (await lab.fails("VM.set_bios_strings", vm, {"bios-vendor": "x" * 513}))[:2] == [
        "INVALID_VALUE",
        "bios-vendor",
    ]
    await lab.call("VM.set_bios_strings", vm, BIOS)
    assert lab.vm(vm)["bios_strings"] == BIOS
    assert await lab.fails("VM.copy_bios_strings", vm, lab.hosts[0]) == ["VM_BIOS_STRINGS_ALREADY_SET"]
    other = await lab.new_vm()
    await lab.call("VM.copy_bios_strings", other, lab.hosts[0])
    assert lab.vm(other)["bios_strings"] == lab.db.field("host", lab.hosts[0], "bios_strings")


async def test_secure_boot_becomes_ready_step_by_step(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.set_HVM_boot_params", vm, {"firmware": "bios", "order": "cdn"})
    assert await lab.call("VM.get_secureboot_readiness", vm) == "not_supported"
    assert (await lab.fails("VM.set_uefi_mode", vm, "user"))[0] == "OPERATION_NOT_ALLOWED"
    await lab.call("VM.set_HVM_boot_params", vm, {"firmware": "uefi", "order": "cdn"})
    await lab.call("VM.set_platform", vm, {"secureboot": "false"})
    assert await lab.call("VM.get_secureboot_readiness", vm) == "disabled"
    await lab.call("VM.set_platform", vm, {"secureboot": "true"})
    assert await lab.call("VM.get_secureboot_readiness", vm) == "first_boot"
    assert "setup" in await lab.call("VM.set_uefi_mode", vm, "setup")
    assert await lab.call("VM.get_secureboot_readiness", vm) == "setup_mode"
    await lab.call("VM.set_uefi_mode", vm, "user")
    assert await lab.call("VM.get_secureboot_readiness", vm) == "ready"


async def test_nvram_holds_variables_in_base64(lab: Lab) -> None:
    vm = await uefi_vm(lab)
    assert (await lab.fails("VM.set_NVRAM", vm, {"EFI-variables": "not base64!"}))[0] == "INVALID_VALUE"
    await lab.call("VM.add_to_NVRAM", vm, "EFI-variables", base64.b64encode(b"VARS").decode())
    assert (await lab.fails("VM.add_to_NVRAM", vm, "EFI-variables", ""))[0] == "MAP_DUPLICATE_KEY"
    await lab.call("VM.remove_from_NVRAM", vm, "EFI-variables")
    assert lab.vm(vm)["NVRAM"] == {}


async def test_certificates_of_the_next_boot(lab: Lab) -> None:
    vm = await uefi_vm(lab)
    await lab.call("VM.update_secureboot_certificates_on_boot", vm, True)
    assert lab.vm(vm)["secureboot_certificates_state"] == "ok"
    lab.db.set("VM", vm, secureboot_certificates_state="update_available")
    await lab.call("VM.update_secureboot_certificates_on_boot", vm, True)
    assert lab.vm(vm)["secureboot_certificates_state"] == "update_on_boot"


# templates


async def test_a_default_template_is_a_template_first(lab: Lab) -> None:
    vm = await lab.new_vm()
    assert (await lab.fails("VM.set_is_default_template", vm, True))[0] == "INVALID_VALUE"
    await lab.call("VM.set_is_a_template", vm, True)
    await lab.call("VM.set_is_default_template", vm, True)
    assert await lab.fails("VM.destroy", vm) == ["VM_IS_TEMPLATE", vm, "destroy"]
    await lab.call("VM.set_is_default_template", vm, False)
    await lab.call("VM.destroy", vm)


# memory


async def test_the_most_memory_leaves_room_for_what_xen_needs(lab: Lab) -> None:
    vm = await lab.new_vm()
    vcpus = number(lab.vm(vm)["VCPUs_max"])
    for total in (0, 100 << 20, 4 * GIB + 12345, 100 * GIB):
        result = await lab.dispatcher.call(lab.pool.coordinator, "VM.maximise_memory", [lab.session, vm, total, False])
        most = number(result.value)
        if most:
            assert most + memory.overhead(most, vcpus) <= total
        assert most + memory.MIB + memory.overhead(most + memory.MIB, vcpus) > total
    overhead = await lab.dispatcher.call(lab.pool.coordinator, "VM.compute_memory_overhead", [lab.session, vm])
    assert overhead.value == lab.vm(vm)["memory_overhead"]
    cooperative = await lab.dispatcher.call(lab.pool.coordinator, "VM.get_cooperative", [lab.session, vm])
    assert cooperative.value is True
