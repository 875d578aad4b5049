"""UEFI variables, BIOS strings and the kind of machine that a VM is."""

import base64
import binascii
from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops import vm_rules
from xensim.ops.locks import settle_vm, work
from xensim.ops.values import mapping, number, strings, text
from xensim.registry import Call, operation

SCRIPT_S = 0.2
_VARIABLES = "EFI-variables"
_BIOS_KEYS = frozenset(
    {"bios-vendor", "bios-version", "system-manufacturer", "system-product-name", "system-version",
     "system-serial-number", "enclosure-asset-tag", "baseboard-manufacturer", "baseboard-product-name",
     "baseboard-version", "baseboard-serial-number", "baseboard-asset-tag", "baseboard-location-in-chassis"}
)  # fmt: skip
LONGEST_BIOS_STRING = 512


@operation("VM.set_domain_type")
def set_domain_type(call: Call, vm: str, value: str) -> None:
    """The policy of booting follows: only HVM guests have one."""
    if value == "unspecified":
        raise XapiFailure("INVALID_VALUE", "domain_type", value)
    _set_kind(call, vm, domain_type=value, HVM_boot_policy="BIOS order" if value == "hvm" else "")


@operation("VM.set_HVM_boot_policy")
def set_boot_policy(call: Call, vm: str, value: str) -> None:
    """The kind of machine follows."""
    before = call.db.field("VM", vm, "domain_type")
    _set_kind(call, vm, HVM_boot_policy=value, domain_type="hvm" if value else "pv" if before == "hvm" else before)


@operation("VM.set_has_vendor_device")
def set_has_vendor_device(call: Call, vm: str, value: bool) -> None:
    """The device through which Windows gets its drivers by itself; not under a machine that runs."""
    if not call.db.field("VM", vm, "is_a_template"):
        assert_halted(call, vm)
    call.db.set("VM", vm, has_vendor_device=value)


@operation("VM.set_bios_strings")
def set_bios_strings(call: Call, vm: str, value: Mapping[str, str]) -> None:
    """Once and for all; keys and lengths are those of SMBIOS."""
    _assert_no_bios_strings(call, vm)
    for key, string in value.items():
        if key not in _BIOS_KEYS:
            raise XapiFailure("INVALID_VALUE", key, "Unknown key")
        if len(string) > LONGEST_BIOS_STRING:
            raise XapiFailure("INVALID_VALUE", key, f"{key} is too long, the limit is {LONGEST_BIOS_STRING}")
    call.db.set("VM", vm, bios_strings=dict(value))


@operation("VM.copy_bios_strings")
def copy_bios_strings(call: Call, vm: str, host: str) -> None:
    """For licences that are bound to a maker's machines."""
    of_host = mapping(call.db.field("host", host, "bios_strings"))
    _assert_no_bios_strings(call, vm)
    call.db.set("VM", vm, bios_strings=dict(of_host))


@operation("VM.set_NVRAM")
def set_nvram(call: Call, vm: str, value: Mapping[str, str]) -> None:
    _check_nvram(call, vm, value)
    call.db.set("VM", vm, NVRAM=dict(value))


@operation("VM.add_to_NVRAM")
def add_to_nvram(call: Call, vm: str, key: str, value: str) -> None:
    present = mapping(call.db.field("VM", vm, "NVRAM"))
    if key in present:
        raise XapiFailure("MAP_DUPLICATE_KEY", "VM", "NVRAM", vm, key)
    set_nvram(call, vm, {**present, key: value})


@operation("VM.remove_from_NVRAM")
def remove_from_nvram(call: Call, vm: str, key: str) -> None:
    present = mapping(call.db.field("VM", vm, "NVRAM"))
    set_nvram(call, vm, {name: value for name, value in present.items() if name != key})


@operation("VM.set_uefi_mode")
async def set_uefi_mode(call: Call, vm: str, mode: str) -> str:
    """`user` enrols the pool's certificates, `setup` lets the guest bring its own. Answers what the script says."""
    _assert_uefi(call, vm)
    await work(call, SCRIPT_S)
    variables = base64.b64encode(f"VARS {mode}".encode()).decode()
    call.db.set("VM", vm, NVRAM={**mapping(call.db.field("VM", vm, "NVRAM")), _VARIABLES: variables})
    return f"VM {call.db.field('VM', vm, 'uuid')} is in {mode} mode\n"


@operation("VM.get_secureboot_readiness")
def get_secureboot_readiness(call: Call, vm: str) -> str:
    record = call.db.record("VM", vm)
    if mapping(record["HVM_boot_params"]).get("firmware") != "uefi":
        return "not_supported"
    if mapping(record["platform"]).get("secureboot") != "true":
        return "disabled"
    stored = mapping(record["NVRAM"]).get(_VARIABLES)
    if stored is None:
        return "first_boot"
    return "setup_mode" if base64.b64decode(stored).endswith(b" setup") else "ready"


@operation("VM.update_secureboot_certificates_on_boot")
def update_certificates_on_boot(call: Call, vm: str, mark: bool) -> None:
    """Whether the next boot takes over certificates that the pool has newer ones of."""
    state = call.db.field("VM", vm, "secureboot_certificates_state")
    if state != "ok":
        wanted = "update_on_boot" if mark else "update_available"
        call.db.set("VM", vm, secureboot_certificates_state=wanted)


def assert_halted(call: Call, vm: str) -> None:
    """Raise VM_BAD_POWER_STATE for a VM that is not."""
    state = text(call.db.field("VM", vm, "power_state"))
    if state != "Halted":
        raise XapiFailure("VM_BAD_POWER_STATE", vm, "halted", state.lower())


def assert_cores_fit(call: Call, vm: str) -> None:
    """Raise INVALID_VALUE where sockets would be left with fewer cores than others. Source: vm_platform.ml."""
    record = call.db.record("VM", vm)
    cores = mapping(record["platform"]).get("cores-per-socket")
    if cores is None:
        return
    if not cores.isdecimal() or int(cores) == 0 or number(record["VCPUs_max"]) % int(cores):
        reason = "VCPUs_max must be a multiple of this field"
        raise XapiFailure("INVALID_VALUE", "platform:cores-per-socket", reason)


def assert_bootable(call: Call, vm: str) -> None:
    """Raise BOOTLOADER_FAILED for a PV guest whose kernel would come from a disk that it has not got."""
    record = call.db.record("VM", vm)
    if record["domain_type"] not in {"pv", "pv_in_pvh"} or not record["PV_bootloader"]:
        return
    drives = [call.db.record("VBD", vbd) for vbd in strings(record["VBDs"])]
    if not any(drive["bootable"] and not drive["empty"] for drive in drives):
        raise XapiFailure("BOOTLOADER_FAILED", vm, "Unable to find partition containing kernel")


def _set_kind(call: Call, vm: str, **fields: object) -> None:
    call.db.set("VM", vm, **fields)
    settle_vm(call.db, vm)


def _check_nvram(call: Call, vm: str, value: Mapping[str, str]) -> None:
    vm_rules.check(call.db, vm, "changing_NVRAM")
    if _VARIABLES in value:
        try:
            base64.b64decode(value[_VARIABLES], validate=True)
        except binascii.Error:
            raise XapiFailure("INVALID_VALUE", "NVRAM", value[_VARIABLES]) from None


def _assert_uefi(call: Call, vm: str) -> None:
    if mapping(call.db.field("VM", vm, "HVM_boot_params")).get("firmware") != "uefi":
        raise XapiFailure("OPERATION_NOT_ALLOWED", "The VM does not boot by UEFI")


def _assert_no_bios_strings(call: Call, vm: str) -> None:
    if call.db.field("VM", vm, "bios_strings"):
        raise XapiFailure("VM_BIOS_STRINGS_ALREADY_SET")
