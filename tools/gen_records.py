"""Write `backend/podium/xapi/records.py` from XenServer's machine-readable datamodel.

    python tools/gen_records.py --datamodel PATH/datamodel.json

Only the fields named in FIELDS are declared: a record is decoded straight into its Struct and everything else is
skipped by the decoder. Add a field here, run the tool again, and the projections can read it.
"""

import argparse
import json
import re
from pathlib import Path

FIELDS: dict[str, str] = {
    "pool": """name_label name_description master default_SR suspend_image_SR crash_dump_SR tags other_config
        current_operations ha_enabled ha_statefiles ha_reboot_vm_on_internal_shutdown migration_compression cpu_info
        restrictions""",
    "host": """name_label name_description hostname address enabled metrics control_domain resident_VMs PIFs PBDs PCIs
        PGPUs patches updates updates_requiring_reboot certificates software_version cpu_info bios_strings capabilities
        license_params license_server logging iscsi_iqn power_on_mode chipset_info tags other_config
        current_operations multipathing""",
    "host_metrics": "memory_total memory_free live",
    "VM": """name_label name_description power_state resident_on affinity memory_static_min memory_static_max
        memory_dynamic_min memory_dynamic_max VCPUs_max VCPUs_at_startup VCPUs_params VBDs VIFs VGPUs VTPMs snapshots
        parent snapshot_of snapshot_time is_a_snapshot is_a_template is_control_domain is_default_template metrics
        guest_metrics domain_type HVM_boot_policy HVM_boot_params PV_args platform ha_restart_priority
        start_delay suspend_VDI suspend_SR blocked_operations current_operations other_config xenstore_data
        bios_strings tags has_vendor_device recommendations""",
    "VM_metrics": "memory_actual VCPUs_number start_time install_time",
    "VM_guest_metrics": "os_version PV_drivers_version PV_drivers_detected PV_drivers_up_to_date memory networks other",
    "SR": """name_label name_description type content_type shared physical_size physical_utilisation virtual_allocation
        VDIs PBDs sm_config other_config tags current_operations""",
    "SM": """name_label name_description type vendor configuration features driver_filename required_cluster_stack
        supported_image_formats""",
    "PBD": "host SR device_config currently_attached other_config",
    "VDI": """name_label name_description SR VBDs virtual_size physical_utilisation type managed missing sm_config
        is_a_snapshot snapshot_of snapshots snapshot_time cbt_enabled tags other_config current_operations""",
    "VBD": "VM VDI type mode userdevice device bootable currently_attached",
    "network": """name_label name_description bridge VIFs PIFs MTU default_locking_mode purpose tags other_config
        current_operations""",
    "VIF": """VM network device MAC MTU currently_attached locking_mode ipv4_allowed ipv6_allowed qos_algorithm_type
        qos_algorithm_params other_config""",
    "PIF": """host network device MAC MTU VLAN physical management currently_attached ip_configuration_mode IP netmask
        gateway DNS IPv6 ipv6_configuration_mode primary_address_type bond_slave_of bond_master_of disallow_unplug
        metrics""",
    "PIF_metrics": "carrier speed device_name",
    "Bond": "master slaves mode",
    "message": "name priority cls obj_uuid timestamp body",
    "task": """name_label name_description allowed_operations current_operations created finished status resident_on
        progress result error_info other_config""",
    "host_patch": "name_label name_description version host applied timestamp_applied size pool_patch other_config",
    "pool_patch": "name_label name_description version size pool_applied after_apply_guidance host_patches",
    "pool_update": "name_label name_description version installation_size key after_apply_guidance vdi hosts",
    "PCI": "class_name device_name pci_id host",
    "PGPU": """PCI GPU_group host supported_VGPU_types enabled_VGPU_types resident_VGPUs supported_VGPU_max_capacities
        dom0_access is_system_display_device""",
    "GPU_group": """name_label name_description PGPUs VGPUs GPU_types other_config allocation_algorithm
        supported_VGPU_types enabled_VGPU_types""",
    "VGPU": "VM GPU_group device currently_attached other_config type resident_on",
    "VGPU_type": """vendor_name model_name framebuffer_size max_heads max_resolution_x max_resolution_y
        supported_on_PGPUs enabled_on_PGPUs VGPUs supported_on_GPU_groups enabled_on_GPU_groups experimental""",
    "VTPM": "VM",
    "PUSB": "USB_group host vendor_id vendor_desc product_id product_desc version passthrough_enabled speed",
    "USB_group": "name_label PUSBs VUSBs",
    "VUSB": "VM USB_group currently_attached",
    "Certificate": "type host not_after fingerprint fingerprint_sha256",
}

SCALARS = {
    "string": ("str", '""'),
    "int": ("int", "0"),
    "float": ("float", "0.0"),
    "bool": ("bool", "False"),
    "datetime": ("str", f'"{"19700101T00:00:00Z"}"'),
}
NULL_REF = '"OpaqueRef:NULL"'
DEFAULTS = {
    ("pool", "ha_reboot_vm_on_internal_shutdown"): "True",
    ("VDI", "managed"): "True",
    ("VM", "domain_type"): '"unspecified"',
    ("PIF", "VLAN"): "-1",
}
SPLIT = re.compile(r"^\((?P<key>.+?) -> (?P<value>.+)\) map$")


def python_type(text: str) -> tuple[str, str]:
    """A datamodel type as (annotation, default)."""
    text = text.removesuffix(" option")
    if text in SCALARS:
        return SCALARS[text]
    if text.startswith("enum ") and " " not in text[5:]:
        return "str", '""'
    if found := SPLIT.match(text):
        key, value = python_type(found["key"])[0], python_type(found["value"])[0]
        return f"dict[{key}, {value}]", "{}"
    if text.endswith(" set"):
        return f"tuple[{python_type(text.removesuffix(' set'))[0]}, ...]", "()"
    if text.endswith(" ref"):
        return "Ref", NULL_REF
    raise ValueError(text)


def class_source(name: str, fields: dict[str, dict[str, object]]) -> str:
    """One record's class statement."""
    lines = [f"class {name[0].upper()}{name[1:]}Record(Record, frozen=True, kw_only=True, gc=False):"]
    lines.append(f'    xapi_class: ClassVar[str] = "{name}"\n')
    wanted = FIELDS[name].split()
    for field in wanted:
        annotation, default = python_type(str(fields[field]["type"]))
        lines.append(f"    {field}: {annotation} = {DEFAULTS.get((name, field), default)}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datamodel", type=Path, required=True)
    target = Path(__file__).parent.parent / "backend/podium/xapi/records.py"
    arguments = parser.parse_args()
    classes = json.loads(arguments.datamodel.read_text())["classes"]
    blocks = [class_source(name, classes[name]["fields"]) for name in FIELDS]
    names = [f"{name[0].upper()}{name[1:]}Record" for name in FIELDS]
    table = "\n".join(f'    "{name.lower()}": {struct},' for name, struct in zip(FIELDS, names, strict=True))
    target.write_text(
        '"""Typed XAPI records, one Struct per class: generated by tools/gen_records.py, not edited by hand.\n\n'
        "Field names, types and defaults: XenServer's datamodel. Unknown fields are ignored, missing ones take the\n"
        "default, so that older and newer servers both decode. Sets are tuples, dates are the wire's text.\n"
        '"""\n\n'
        "from typing import ClassVar\n\nimport msgspec\n\n"
        "Ref = str\n"
        '"""An OpaqueRef. It stays behind `services`."""\n\n\n'
        "class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):\n"
        '    """What every class has."""\n\n'
        '    xapi_class: ClassVar[str] = ""\n\n'
        '    uuid: str = ""\n\n\n' + "\n\n\n".join(blocks) + "\n\n\n"
        "RECORDS: dict[str, type[Record]] = {\n" + table + "\n}\n"
        '"""By the lower-case class name that events carry."""\n'
    )


if __name__ == "__main__":
    main()
