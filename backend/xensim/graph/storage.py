"""Storage repositories: shared and local, for disks and for images, one of them broken."""

from dataclasses import dataclass, field

from xensim.graph import drivers
from xensim.graph.mint import GIB
from xensim.graph.site import Host, Site
from xensim.ops import device_rules
from xensim.ops.filers import UNREACHABLE
from xensim.ops.values import number, strings

TIB = 1024 * GIB
_ISOS = (
    ("debian-12.8.0-amd64-netinst.iso", 661651456), ("ubuntu-24.04.1-live-server-amd64.iso", 2773874688),
    ("Rocky-9.4-x86_64-minimal.iso", 1829765120), ("SERVER_EVAL_x64FRE_en-us.iso", 5044094976),
    ("Win11_23H2_English_x64.iso", 6812706816), ("rescue – systèmes & données.iso", 891289600),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """An SR to be: `unplugged` says on which hosts its PBD is not attached."""

    kind: str
    label: str
    size: int
    device_config: dict[str, str] = field(default_factory=dict)
    content: str = "user"
    shared: bool = True
    unplugged: str = ""  # "", "all", "last"
    description: str = ""
    other_config: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    tools: bool = False


def build(site: Site) -> None:
    """Add drivers, SRs, PBDs and images, and make the NFS one the default of the pool."""
    mint = site.mint
    drivers.build(site)
    site.secret = mint.add("secret", value="simulated-share-password")
    for key, plan in _shared(site).items():
        site.srs[key] = _sr(site, plan, site.hosts)
    for host in site.hosts:
        host.local_sr = _sr(site, _local(host), [host])
        _devices(site, host)
    _images(site)
    nfs = site.srs["nfs"]
    mint.db.set("pool", site.pool, default_SR=nfs, suspend_image_SR=nfs, crash_dump_SR=nfs)
    for host in site.hosts:
        mint.db.set("host", host.ref, suspend_image_sr=nfs, crash_dump_sr=nfs, local_cache_sr=host.local_sr)
    recovery = mint.add("DR_task")
    for kind, label, introduced_by in (("ext", "USB disk that nobody plugged", ""), ("nfs", "DR copy", recovery)):
        mint.add(
            "SR",
            type=kind, name_label=label, content_type="user", shared=kind == "nfs", physical_size=TIB,
            introduced_by=introduced_by or "OpaqueRef:NULL",
            allowed_operations=device_rules.sr(drivers.features_of(kind), plugged=False, has_pbd=False),
        )  # fmt: skip


def build_installed(site: Site) -> None:
    """Add what an installation makes: drivers, local storage, the host's own drives, and the tools' image."""
    db = site.mint.db
    drivers.build(site)
    drivers.build_unused(site)
    site.srs["tools"] = _sr(site, _tools(), site.hosts)
    for host in site.hosts:
        host.local_sr = local = _sr(site, _local(host), [host])
        _devices(site, host)
        db.set("host", host.ref, suspend_image_sr=local, crash_dump_sr=local)
        db.set("pool", site.pool, default_SR=local, suspend_image_SR=local, crash_dump_SR=local)
    _tools_image(site)


def totals(site: Site) -> None:
    """Write what the disks add up to on each SR."""
    db = site.mint.db
    for ref, row in list(db.rows("SR").items()):
        vdis = [db.record("VDI", vdi) for vdi in strings(row.record["VDIs"])]
        used = sum(number(vdi["physical_utilisation"]) for vdi in vdis)
        size = number(row.record["physical_size"])
        if row.record["type"] == "udev":
            size = used
        elif used > size * 0.9:  # a pool that has outgrown its storage must have bought more
            size = -(-used * 5 // 4 // TIB) * TIB
        db.set(
            "SR",
            ref,
            physical_size=size,
            physical_utilisation=used,
            virtual_allocation=sum(number(vdi["virtual_size"]) for vdi in vdis if vdi["managed"]),
        )


def _shared(site: Site) -> dict[str, Plan]:
    iscsi = {"target": "10.20.0.251", "targetIQN": "iqn.2001-05.com.example:tier1", "port": "3260"}
    iscsi |= {"SCSIid": "36589cfc000000d7a5e8f6b0f2c1a0c11", "chapuser": "pool", "chappassword": "simulated-chap"}
    nfs = {"server": "10.20.0.250", "serverpath": "/export/vms", "nfsversion": "4.1"}
    share = {"location": "//files.example.com/iso", "type": "cifs", "username": "iso"}
    return {
        "nfs": Plan(
            "nfs", "NFS vm-store", 40 * TIB, nfs, description="Default storage", other_config={"auto-scan": "true"},
            tags=("default", "backup:daily"),
        ),
        "iscsi": Plan("lvmoiscsi", "iSCSI tier 1", 60 * TIB, iscsi, tags=("tier/1",)),
        "archive": Plan(
            "smb", "Archive share", 20 * TIB,
            {"server": "\\\\files.example.com\\vms", "username": "xcp", "password_secret": _secret(site)},
            unplugged="last", description="Slow and large",
        ),
        "broken": Plan(
            "nfs", "Old NFS (decommissioned)", 8 * TIB, {"server": min(UNREACHABLE), "serverpath": "/old"},
            unplugged="all", other_config={"xo:maintenanceState": "{}"},
        ),
        "iso": Plan("iso", "ISO library", 2 * TIB, share | {"cifspassword_secret": _secret(site)}, content="iso"),
        "tools": _tools(),
    }  # fmt: skip


def _tools() -> Plan:
    return Plan(
        "iso", "XCP-ng Tools", 180 * (1 << 20), {"location": "/opt/xensource/packages/iso", "legacy_mode": "true"},
        content="iso", description="XCP-ng Tools ISOs", tools=True,
        other_config={"xenserver_tools_sr": "true", "xensource_internal": "true"},
    )  # fmt: skip


def _secret(site: Site) -> str:
    return str(site.mint.db.field("secret", site.secret, "uuid"))


def _local(host: Host) -> Plan:
    kind = "ext" if host.index % 2 == 0 else "lvm"
    return Plan(
        kind, "Local storage", 2 * TIB, {"device": f"/dev/disk/by-id/nvme-SIM{host.index:04d}-part3"}, shared=False,
        other_config={"i18n-key": "local-storage"},
    )  # fmt: skip


def _sr(site: Site, plan: Plan, hosts: list[Host]) -> str:
    mint, features = site.mint, drivers.features_of(plan.kind)
    ref = mint.add(
        "SR",
        name_label=plan.label,
        name_description=plan.description,
        type=plan.kind,
        content_type=plan.content,
        shared=plan.shared,
        physical_size=plan.size,
        physical_utilisation=0,
        virtual_allocation=0,
        other_config=plan.other_config,
        tags=list(plan.tags),
        sm_config={"allocation": "thick", "use_vhd": "true"} if plan.kind.startswith("lvm") else {},
        is_tools_sr=plan.tools,
        allowed_operations=device_rules.sr(features, plugged=plan.unplugged != "all", has_pbd=True),
    )
    for host in hosts:
        unplugged = plan.unplugged == "all" or (plan.unplugged == "last" and host is hosts[-1] and len(hosts) > 1)
        mint.add(
            "PBD",
            host=host.ref, SR=ref, device_config=plan.device_config, currently_attached=not unplugged,
            other_config={"storage_driver_domain": "OpaqueRef:NULL"} if plan.kind == "nfs" else {},
        )  # fmt: skip
    site.features[ref] = features
    return ref


def _devices(site: Site, host: Host) -> None:
    """The two SRs of a host's own devices; the first holds the DVD drive, the second a stick on the first host."""
    for label, location, content in (("DVD drives", "cd", "iso"), ("Removable storage", "block", "disk")):
        sr = _sr(
            site,
            Plan("udev", label, 0, {"location": f"/dev/xapi/{location}"}, content=content, shared=False,
                 description=f"Physical {label}"),
            [host],
        )  # fmt: skip
        if location == "cd":
            host.cd_drive = _image(site, sr, "SCSI 0:0:0:0", 0, location="/dev/xapi/cd/sr0", read_only=True)
        elif host.index == 0:
            _image(site, sr, "SCSI 6:0:0:0", 32 * GIB, location="/dev/xapi/block/sdb", read_only=False)


def _images(site: Site) -> None:
    for label, size in _ISOS:
        site.isos.append(_image(site, site.srs["iso"], label, size, location=label, read_only=True))
    _tools_image(site)


def _tools_image(site: Site) -> None:
    tools = _image(site, site.srs["tools"], "guest-tools.iso", 8 << 20, location="guest-tools.iso", read_only=True)
    site.mint.db.set("VDI", tools, is_tools_iso=True, name_description="XCP-ng Tools ISO")
    site.isos.append(tools)


def _image(site: Site, sr: str, label: str, size: int, *, location: str, read_only: bool) -> str:
    return site.mint.add(
        "VDI",
        name_label=label, SR=sr, virtual_size=size, physical_utilisation=size, type="user", read_only=read_only,
        location=location, managed=True, allowed_operations=device_rules.vdi(
            site.features[sr], attached=False, managed=True, snapshot=False, cbt=False),
    )  # fmt: skip
