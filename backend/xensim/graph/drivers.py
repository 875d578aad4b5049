"""Storage drivers (class SM): for each SR type its features and what its device_config may hold."""

from xensim.graph.site import Site

_BLOCK = (
    "SR_PROBE", "SR_UPDATE", "SR_DELETE", "VDI_CREATE", "VDI_DELETE", "VDI_ATTACH", "VDI_DETACH", "VDI_GENERATE_CONFIG",
    "VDI_SNAPSHOT", "VDI_CLONE", "VDI_RESIZE", "VDI_MIRROR", "VDI_UPDATE", "VDI_CONFIG_CBT", "VDI_ACTIVATE",
    "VDI_DEACTIVATE", "ATOMIC_PAUSE", "VDI_RESET_ON_BOOT",
)  # fmt: skip
_LVM = (*_BLOCK, "SR_TRIM")
_FILE = (*_BLOCK, "SR_CACHING", "THIN_PROVISIONING")
_ISO = ("SR_SCAN", "SR_ATTACH", "SR_DETACH", "VDI_CREATE", "VDI_DELETE", "VDI_ATTACH", "VDI_DETACH")
_UDEV = ("SR_SCAN", "VDI_INTRODUCE", "VDI_ATTACH", "VDI_DETACH", "VDI_UPDATE", "SR_UPDATE")

DRIVERS: dict[str, tuple[str, str, tuple[str, ...], dict[str, str]]] = {
    "ext": ("Local EXT4 VHD", "SR plugin which keeps VHD files on a local disk", _FILE,
            {"device": "local device path (required) (e.g. /dev/sda3)"}),
    "lvm": ("Local VHD on LVM", "SR plugin which keeps VHDs as logical volumes of a local group", _LVM,
            {"device": "local device path (required) (e.g. /dev/sda3)"}),
    "lvmoiscsi": ("LVHD over iSCSI", "SR plugin which keeps VHDs as logical volumes within an iSCSI LUN", _LVM,
                  {"SCSIid": "The scsi_id of the destination LUN", "target": "IP address or hostname of the target",
                   "targetIQN": "The IQN of the target LUN group", "chapuser": "The username for CHAP",
                   "chappassword": "The password for CHAP", "port": "The network port of the target"}),
    "nfs": ("NFS VHD", "SR plugin which keeps VHD files on a remote NFS filesystem", _FILE,
            {"server": "hostname or IP address of NFS server (required)",
             "serverpath": "path on remote server (required)", "nfsversion": "NFS protocol version"}),
    "smb": ("SMB VHD", "SR plugin which keeps VHD files on a remote SMB share", _FILE,
            {"server": "Full path to share on gold image (required)", "username": "The username to be used",
             "password_secret": "Secret ID of the password to be used"}),
    "iso": ("ISO", "Handles CD images stored as files in iso format", _ISO,
            {"location": "path to mount (required) (e.g. server:/path)", "type": "cifs or nfs_iso",
             "username": "user of the share", "cifspassword_secret": "Secret ID of the password to be used"}),
    "udev": ("udev", "SR plugin which represents devices plugged in via udev as VDIs", _UDEV,
             {"location": "path to mount (required) (e.g. /dev/xapi/cd)"}),
}  # fmt: skip
# Those of which the pool has no SR to begin with.
UNUSED: dict[str, tuple[str, str, tuple[str, ...], dict[str, str]]] = {
    "lvmohba": ("LVHD over FC", "SR plugin which keeps VHDs as logical volumes within an HBA LUN", _LVM,
                {"SCSIid": "The scsi_id of the destination LUN"}),
    "file": ("File VHD", "SR plugin which keeps VHD files in a directory", _FILE,
             {"location": "local directory path (required)"}),
    "zfs": ("Local ZFS VHD", "SR plugin which keeps VHD files in a ZFS pool", _FILE,
            {"location": "local ZFS directory path (required)"}),
}  # fmt: skip


def build(site: Site) -> None:
    """Add a driver row for each type that the pool uses."""
    _add(site, DRIVERS)


def build_unused(site: Site) -> None:
    """Add the others; last of all, for each row draws on the chance that made the rest."""
    _add(site, UNUSED)


def _add(site: Site, drivers: dict[str, tuple[str, str, tuple[str, ...], dict[str, str]]]) -> None:
    for kind, (label, description, features, configuration) in drivers.items():
        site.mint.add(
            "SM",
            type=kind,
            name_label=label,
            name_description=description,
            vendor="Cloud Software Group, Inc",
            copyright="simulated",
            version="3.0",
            required_api_version="1.1",
            configuration=configuration,
            capabilities=sorted(features),
            features=dict.fromkeys(features, 1),
            driver_filename=f"/opt/xensource/sm/{kind.upper()}SR",
            supported_image_formats=["vhd", "raw", "qcow2"] if features is _FILE else [],
        )


def features_of(kind: str) -> frozenset[str]:
    return frozenset(DRIVERS[kind][2])
