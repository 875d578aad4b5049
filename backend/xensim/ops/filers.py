"""The storage around the pool: filers, targets, LUNs and local disks, and how drivers answer about them.

Names, numbers and texts of failures are those of the storage manager, drivers/XE_SR_ERRORCODES.xml of xapi-project/sm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from ipaddress import ip_address

from xensim.failures import XapiFailure

TIB = 1 << 40
# Servers that nobody answers at: plugging a PBD to one of them fails as it does with a dead filer.
UNREACHABLE = frozenset({"10.20.0.199"})
EXPORTS = ("/export", "/export/vms", "/export/iso", "/export/backup", "/srv/vms")
ROOT_DISK = "/dev/sda"
_MAX_PORT = 65_535

_REASONS = {
    16: "The SR device is currently in use",
    19: "No such device",
    38: "The requested method is not supported/implemented",
    73: "NFS mount error",
    79: "VDI Invalid size",
    83: "ISCSI discovery failed",
    90: "The request is missing the device parameter",
    91: "The device is not a valid path",
    94: "The request is missing the location parameter",
    95: "The request is missing the target parameter",
    96: "The request is missing or has an incorrect target IQN parameter",
    97: "Unable to retrieve the host configuration ISCSI IQN parameter",
    101: "The request is missing the serverpath parameter",
    102: "The request is missing the server parameter",
    105: "Root system device, cannot be used for VM storage",
    107: "The SCSIid parameter is missing or incorrect",
    108: "Unable to detect an NFS service on this target.",
    111: "SMB mount error",
    140: "Incorrect DNS name, unable to resolve.",
    141: "Unable to connect to ISCSI service on target",
    142: "Incorrect value for iSCSI port, must be a number between 1 and 65535",
    220: "'Location' parameter must be specified in Device Configuration",
    222: "Could not mount the directory specified in Device Configuration",
    225: "Incorrect Location string format. String must be in the format SERVER:PATH for NFS targets, "
    "or \\\\SERVER\\PATH for CIFS targets",
    226: "Invalid local path",
}


@dataclass(frozen=True, slots=True)
class Lun:
    """A disk of a target or of a fibre channel array; `size` in bytes."""

    scsi_id: str
    number: int
    size: int
    serial: str


TARGETS = {
    "iqn.2001-05.com.example:tier1": (
        Lun("36589cfc000000d7a5e8f6b0f2c1a0c11", 0, 60 * TIB, "SIM-T1-0"),
        Lun("36589cfc000000d7a5e8f6b0f2c1a0c12", 1, 10 * TIB, "SIM-T1-1"),
    ),
    "iqn.2001-05.com.example:tier2": (Lun("36589cfc000000d7a5e8f6b0f2c1a0c21", 0, 20 * TIB, "SIM-T2-0"),),
}
ARRAY = (
    Lun("360000000000000000e00000000010001", 0, 16 * TIB, "SIM-FC-0"),
    Lun("360000000000000000e00000000010002", 1, 16 * TIB, "SIM-FC-1"),
)
# What lies on any share that somebody makes an ISO library of.
IMAGES = (("alpine-virt-3.21.0-x86_64.iso", 67_108_864), ("systemrescue-11.03-amd64.iso", 927_989_760))
_SIZES = {"nfs": 40 * TIB, "smb": 20 * TIB, "iso": 2 * TIB, "ext": 2 * TIB, "lvm": 2 * TIB, "zfs": 4 * TIB,
          "file": TIB}  # fmt: skip
# What of a device_config says which storage is meant, by type.
_PLACES = {
    "nfs": ("server", "serverpath"), "smb": ("server",), "iso": ("location",), "ext": ("device",), "lvm": ("device",),
    "lvmoiscsi": ("SCSIid",), "lvmohba": ("SCSIid",), "zfs": ("location",), "file": ("location",),
    "udev": ("location",),
}  # fmt: skip
SHARABLE = frozenset({"nfs", "smb", "iso", "lvmoiscsi", "lvmohba", "file"})


def backend_failure(number: int, detail: str = "", listing: str = "") -> XapiFailure:
    """SR_BACKEND_FAILURE_<number> with its text; `listing` is the XML that some carry."""
    reason = f"{_REASONS[number]} [opterr={detail}]" if detail else _REASONS[number]
    return XapiFailure(f"SR_BACKEND_FAILURE_{number}", "", reason, listing)


def check(kind: str, config: Mapping[str, str], *, iqn: str) -> None:
    """Raise what a driver says to a device_config that lacks something or leads nowhere. `iqn`: of the host."""
    match kind:
        case "nfs":
            _check_nfs(config)
        case "smb":
            _check_smb(config)
        case "iso":
            _check_iso(config)
        case "lvmoiscsi":
            _check_iscsi(config, iqn)
        case "lvmohba":
            _check_hba(config)
        case "ext" | "lvm":
            _check_disk(config)
        case "zfs" | "file" | "udev":
            if not config.get("location"):
                raise backend_failure(94)


def place(kind: str, config: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """What two device_configs of the same storage have in common, whatever their options."""
    return frozenset((name, config.get(name, "")) for name in _PLACES.get(kind, ()))


def size(kind: str, config: Mapping[str, str]) -> int:
    """Bytes of the storage behind a checked device_config; 0 where media come and go."""
    luns = [*ARRAY, *(lun for target in TARGETS.values() for lun in target)]
    return next((lun.size for lun in luns if lun.scsi_id == config.get("SCSIid")), _SIZES.get(kind, 0))


def sr_list(uuids: list[str]) -> str:
    """What a probe finds: the SRs that are there already."""
    return _document("SRlist", "".join(f"\t<SR>\n{_leaf('UUID', uuid, 2)}\t</SR>\n" for uuid in uuids))


def _check_nfs(config: Mapping[str, str]) -> None:
    server, path = config.get("server", ""), config.get("serverpath", "")
    if "server" not in config:
        raise backend_failure(102)
    _resolve(server)
    if server in UNREACHABLE:
        raise backend_failure(108)
    if not path:
        raise backend_failure(101, listing=_exports(server))
    if not any(path == export or path.startswith(f"{export}/") for export in EXPORTS):
        raise backend_failure(73, "mount failed with return code 32")


def _check_smb(config: Mapping[str, str]) -> None:
    server = config.get("server", "")
    if "server" not in config:
        raise backend_failure(102)
    parts = server.replace("\\", "/").strip("/").split("/")
    if not server.startswith(("//", "\\\\")) or len(parts) < 2 or parts[0] in UNREACHABLE:
        raise backend_failure(111, "mount failed with return code 32")


def _check_iso(config: Mapping[str, str]) -> None:
    location = config.get("location", "")
    if not location:
        raise backend_failure(220)
    if config.get("legacy_mode") == "true":
        if not location.startswith("/"):
            raise backend_failure(226)
        return
    share = location.startswith(("//", "\\\\"))
    server, _, path = location.partition(":")
    if config.get("type") == "cifs" and not share:
        raise backend_failure(225)
    if not share and not (server and path.startswith("/")):
        raise backend_failure(225)
    if (location.strip("/\\").replace("\\", "/").split("/")[0] if share else server) in UNREACHABLE:
        raise backend_failure(222)


def _check_iscsi(config: Mapping[str, str], iqn: str) -> None:
    target, port = config.get("target", ""), config.get("port") or "3260"
    if not target:
        raise backend_failure(95)
    if not iqn:
        raise backend_failure(97)
    address = target.split(",")[0]
    _resolve(address)
    if not port.isdecimal() or not 1 <= int(port) <= _MAX_PORT:
        raise backend_failure(142)
    if address in UNREACHABLE:
        raise backend_failure(141)
    name = config.get("targetIQN", "")
    if not name:
        raise backend_failure(96, listing=_targets(address))
    if name != "*" and name not in TARGETS:
        raise backend_failure(83, "check target settings", _targets(address))
    luns = TARGETS.get(name) or tuple(lun for target in TARGETS.values() for lun in target)
    if not config.get("SCSIid"):
        raise backend_failure(107, listing=_luns(luns))
    if all(lun.scsi_id != config["SCSIid"] for lun in luns):
        raise backend_failure(107, listing=_luns(luns))


def _check_hba(config: Mapping[str, str]) -> None:
    if not config.get("SCSIid"):
        raise backend_failure(107, listing=_devices())
    if all(lun.scsi_id != config["SCSIid"] for lun in ARRAY):
        raise backend_failure(19)


def _check_disk(config: Mapping[str, str]) -> None:
    devices = [device for device in config.get("device", "").split(",") if device]
    if not devices:
        raise backend_failure(90)
    for device in devices:
        if not device.startswith("/dev/"):
            raise backend_failure(91, f"path is {device}")
        if device == ROOT_DISK:
            raise backend_failure(105, device)


def _resolve(name: str) -> None:
    """Raise DNSError for what is neither an address nor a name that could be one."""
    try:
        ip_address(name)
    except ValueError:
        if not name or name.endswith(".invalid") or any(character.isspace() for character in name):
            raise backend_failure(140) from None


# Listings: as the drivers print them, which their readers take for XML


def _exports(server: str) -> str:
    rows = (
        "\t<Export>\n" + _leaf("Target", server, 2) + _leaf("Path", path, 2) + _leaf("Accesslist", "*", 2)
        + "\t</Export>\n"
        for path in EXPORTS
    )  # fmt: skip
    return _document("nfs-exports", "".join(rows))


def _targets(address: str) -> str:
    rows = (
        "\t<TGT>\n" + _leaf("Index", str(at), 2) + _leaf("IPAddress", address, 2) + _leaf("TargetIQN", name, 2)
        + "\t</TGT>\n"
        for at, name in enumerate(TARGETS)
    )  # fmt: skip
    return _document("iscsi-target-iqns", "".join(rows))


def _luns(luns: tuple[Lun, ...]) -> str:
    rows = (
        "\t<LUN>\n" + _leaf("vendor", "SIMULATED", 2) + _leaf("serial", lun.serial, 2)
        + _leaf("LUNid", str(lun.number), 2) + _leaf("size", str(lun.size), 2) + _leaf("SCSIid", lun.scsi_id, 2)
        + "\t</LUN>\n"
        for lun in luns
    )  # fmt: skip
    return _document("iscsi-target", "".join(rows))


def _devices() -> str:
    """As devscan.scan: what hangs on the adapters, then the adapters themselves."""
    rows = [
        "\t<BlockDevice>\n" + _leaf("path", f"/dev/sd{'cd'[lun.number]}", 2) + _leaf("numpaths", "2", 2)
        + _leaf("SCSIid", lun.scsi_id, 2) + _leaf("vendor", "SIMULATED", 2) + _leaf("serial", lun.serial, 2)
        + _leaf("size", str(lun.size), 2) + _leaf("adapter", "1", 2) + _leaf("channel", "0", 2) + _leaf("id", "0", 2)
        + _leaf("lun", str(lun.number), 2) + _leaf("hba", "qla2xxx", 2) + "\t</BlockDevice>\n"
        for lun in ARRAY
    ]  # fmt: skip
    adapter = _leaf("host", "host1", 2) + _leaf("name", "qla2xxx", 2) + _leaf("manufacturer", "Simulated HBA", 2)
    return _document("Devlist", "".join(rows) + "\t<Adapter>\n" + adapter + _leaf("id", "1", 2) + "\t</Adapter>\n")


def _document(name: str, body: str) -> str:
    head = '<?xml version="1.0" ?>\n'
    return f"{head}<{name}>\n{body}</{name}>\n" if body else f"{head}<{name}/>\n"


def _leaf(name: str, value: str, depth: int) -> str:
    return "\t" * depth + f"<{name}>{escape(value, quote=False)}</{name}>\n"
