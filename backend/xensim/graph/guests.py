"""The virtual machines people use: their settings, state, disks, NICs and what their agents report."""

from dataclasses import dataclass, field

from xensim.clock import NEVER
from xensim.graph import disks, names, templates
from xensim.graph.agents import report
from xensim.graph.mint import GIB
from xensim.graph.site import Host, Site
from xensim.graph.systems import SYSTEMS, System
from xensim.ops import device_rules, memory
from xensim.schema import NULL_REF

_BIOS = {
    "bios-vendor": "Xen", "bios-version": "", "system-manufacturer": "Xen", "system-product-name": "HVM domU",
    "system-version": "", "system-serial-number": "", "baseboard-manufacturer": "", "baseboard-product-name": "",
    "baseboard-version": "", "baseboard-serial-number": "", "baseboard-asset-tag": "",
    "baseboard-location-in-chassis": "", "enclosure-asset-tag": "", "hp-rombios": "", "oem-1": "Xen",
    "oem-2": "MS_VM_CERT/SHA1/bdbeb6e0a816d43fa6d3fe8aaef04c2bad9d3e3d",
}  # fmt: skip
_BOOT_FLAGS = {
    "vendor": "GenuineIntel",
    "features": "1fcbfbff-f7fa3223-2d93fbff-00000523-00000001-001c0fbb-00000000-00000000-00001000-9c000400",
}
_STATES = ("Running",) * 35 + ("Halted",) * 12 + ("Suspended",) * 2 + ("Paused",)
_VCPUS = (1, 2, 2, 2, 4, 4, 8, 16)
_MEMORY = (1, 2, 2, 4, 4, 4, 8, 16)
_NETWORKS = ("production",) * 10 + ("management",) * 3 + ("dmz",) * 3 + ("private", "private", "voip", "overlay")
_SCHEDULING: tuple[dict[str, str], ...] = (
    {"weight": "512"}, {"weight": "256", "cap": "150"}, {"mask": "0,1,2,3"}, {"weight": "1024", "cap": "0"},
)  # fmt: skip
_BLOCKED: tuple[dict[str, str], ...] = (
    {"destroy": "true"},
    {"destroy": "Asked for by the auditors", "hard_shutdown": "Asked for by the auditors"},
    {"clean_reboot": "true", "hard_reboot": "true", "migrate_send": "licence bound to the host"},
)
_XENSTORE = {"vm-data": "", "vm-data/mmio-hole-size": "268435456"}


@dataclass(slots=True)
class Guest:
    """A VM in the making: what its parts must agree upon."""

    number: int
    system: System
    power_state: str
    host: Host | None  # where it runs, or would rather run because its disks are there
    sr: str
    drivers: bool
    snapshots: int
    ref: str = ""
    disks: list[str] = field(default_factory=list)
    chains: list[list[str]] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return self.power_state in {"Running", "Paused"}


class Builder:
    """Adds one VM after the other; what many of them share is made once."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.mint = site.mint
        self._weighted = [system for system in SYSTEMS for _ in range(system.share)]
        self._common = {system.label: templates.common(system) for system in SYSTEMS}
        self._platforms: dict[tuple[str, bool, str], dict[str, str]] = {}
        self._domids = [0] * len(site.hosts)

    def add(self, number: int) -> Guest:
        """The `number`-th VM, without its snapshots."""
        guest = self._guest(number)
        vm = self._settings(guest)
        metrics, agent = self._metrics(guest, vm)
        guest.ref = self.mint.add("VM", metrics=metrics, guest_metrics=agent, **vm)
        self._disks(guest)
        self._nics(guest)
        if guest.live and guest.host is not None:
            uuid = self.mint.uuid()
            self.mint.add(
                "console",
                uuid=uuid, protocol="rfb", VM=guest.ref,
                location=f"https://{guest.host.address}/console?uuid={uuid}",
            )  # fmt: skip
        if guest.system.vtpm:
            self.mint.add(
                "VTPM", VM=guest.ref, persistence_backend="xapi", is_unique=False, is_protected=False,
                allowed_operations=["destroy"] if guest.power_state == "Halted" else [],
            )  # fmt: skip
        return guest

    def _guest(self, number: int) -> Guest:
        mint, site = self.mint, self.site
        power_state = _STATES[number * 37 % len(_STATES)]
        roll = mint.rng.random()
        live = power_state in {"Running", "Paused"}
        host: Host | None = None
        if roll < 0.15:  # disks on the local storage of a host bind the VM to it
            host = mint.pick(site.hosts)
            sr = host.local_sr
        else:
            host = mint.pick(site.hosts) if live else None
            sr = site.srs["nfs" if roll < 0.62 else "iscsi"]
        if power_state == "Halted" and number % 400 == 28:
            sr = site.srs["broken"]
        system = mint.pick(self._weighted)
        return Guest(
            number=number,
            system=system,
            power_state=power_state,
            host=host,
            sr=sr,
            drivers=live and (system.domain_type != "hvm" or mint.chance(0.82)),
            snapshots=mint.rng.randrange(1, 3) if mint.chance(0.135) else 0,
        )

    def _settings(self, guest: Guest) -> dict[str, object]:
        mint, system, host = self.mint, guest.system, guest.host
        size = max(system.memory, mint.pick(_MEMORY) * GIB)
        vcpus = mint.pick(_VCPUS)
        extra = memory.overhead(size, vcpus)
        started = guest.power_state != "Halted" or mint.chance(0.6)
        vm: dict[str, object] = {
            **self._common[system.label],
            "name_label": names.vm_name(mint, guest.number, system.windows),
            "name_description": names.description(mint),
            "power_state": guest.power_state,
            "resident_on": host.ref if guest.live and host else NULL_REF,
            "affinity": mint.pick(self.site.hosts).ref if mint.chance(0.15) else NULL_REF,
            "memory_overhead": extra,
            "memory_target": size if guest.live else 0,
            "memory_static_max": size,
            "memory_dynamic_max": size,
            "memory_dynamic_min": size // 2 if guest.drivers and mint.chance(0.1) else size,
            "memory_static_min": min(size, system.memory // 2),
            "VCPUs_params": mint.pick(_SCHEDULING) if mint.chance(0.15) else {},
            "VCPUs_max": vcpus * 2 if mint.chance(0.1) else vcpus,
            "VCPUs_at_startup": vcpus,
            "platform": self._platform(system, vcpus, started=started),
            "other_config": self._other_config(guest),
            "domid": self._domid(host) if guest.live and host else -1,
            "last_boot_CPU_flags": _BOOT_FLAGS if started else {},
            "bios_strings": _BIOS if started else {},
            "xenstore_data": _XENSTORE,
            "tags": names.tags(mint),
            "blocked_operations": mint.pick(_BLOCKED) if mint.chance(0.03) else {},
            "has_vendor_device": system.windows and mint.chance(0.3),
            "generation_id": f"{mint.rng.getrandbits(63)}:{mint.rng.getrandbits(63)}" if system.windows else "",
        }
        if mint.chance(0.1):
            vm["ha_restart_priority"] = "restart" if mint.chance(0.5) else "best-effort"
            vm["ha_always_run"] = vm["ha_restart_priority"] == "restart" and guest.live
            vm["order"], vm["start_delay"] = mint.rng.randrange(4), 30 * mint.rng.randrange(3)
        if guest.power_state == "Suspended":
            vm["suspend_VDI"] = disks.vdi(
                self.site, self.site.srs["nfs"], label="Suspend image", size=size + size // 10, type="suspend",
                name_description="Suspend image",
            )  # fmt: skip
        return vm

    def _platform(self, system: System, vcpus: int, *, started: bool) -> dict[str, str]:
        cores = ""
        if self.mint.chance(0.7 if system.windows else 0.2):
            cores = str(vcpus if vcpus <= 4 else vcpus // 2)
        key = (system.label, started, cores)
        if key not in self._platforms:
            platform = {name: value for name, value in system.platform.items() if name != "cores-per-socket"}
            if cores:
                platform["cores-per-socket"] = cores
            if started and system.domain_type == "hvm":
                uefi = system.firmware == "uefi"
                platform["device-model"] = "qemu-upstream-uefi" if uefi else "qemu-upstream-compat"
                platform["timeoffset"] = "0" if not system.windows else "-3600"
                platform["secureboot"] = "true" if system.vtpm else "false"
            self._platforms[key] = platform
        return self._platforms[key]

    def _other_config(self, guest: Guest) -> dict[str, str]:
        mint, system = self.mint, guest.system
        config = {
            "base_template_name": system.template, "mac_seed": mint.uuid(), "install-methods": system.install_methods,
            "import_task": NULL_REF, "vgpu_pci": "",
        }  # fmt: skip
        if not system.windows:
            config["linux_template"] = "true"
        if mint.chance(0.3):
            config["folder"] = mint.pick(names.FOLDERS)
        if mint.chance(0.4):
            config["auto_poweron"] = "true" if mint.chance(0.8) else "false"
        if mint.chance(0.1):
            config["xo:notes"] = f"# Runbook\n\n- owner: {mint.pick(names.PEOPLE)}\n- reboot *after* the database"
        if mint.chance(0.5):
            config[f"xo:{mint.uuid()[:8]}"] = (
                f'{{"creation":{{"date":"2026-0{mint.rng.randrange(1, 10)}-14T08:30:00.000Z",'
                f'"template":"{mint.uuid()}","user":"{mint.uuid()}"}}}}'
            )
        return config

    def _domid(self, host: Host) -> int:
        self._domids[host.index] += 1
        return self._domids[host.index]

    def _metrics(self, guest: Guest, vm: dict[str, object]) -> tuple[str, str]:
        mint, live = self.mint, guest.live
        start = mint.date(0.01, 60) if live or mint.chance(0.5) else NEVER
        metrics = mint.add(
            "VM_metrics",
            memory_actual=vm["memory_target"],
            VCPUs_number=vm["VCPUs_at_startup"] if live else 0,
            VCPUs_utilisation={"0": 0.0},
            start_time=start,
            install_time=mint.date(60, 900),
            last_updated=mint.ago(0),
            hvm=live and guest.system.domain_type == "hvm",
            nomigrate=guest.number % 350 == 40,
            current_domain_type=guest.system.domain_type if live else "unspecified",
        )
        if live or (start != NEVER and mint.chance(0.25)):
            # A halted VM keeps what its agent said last, until it starts again; a live one without drivers says little.
            return metrics, report(mint, guest.number, guest.system, silent=live and not guest.drivers)
        return metrics, NULL_REF

    def _disks(self, guest: Guest) -> None:
        mint, number = self.mint, guest.number
        roll = mint.rng.random()
        count = 1 if roll < 0.62 else 2 if roll < 0.92 else 3
        if number % 80 == 70:
            count = 0  # installs from the network one day
        resident = guest.host.ref if guest.live and guest.host else ""
        rolls = [mint.rng.random() for _ in range(3)]
        for position, size in enumerate(disks.sizes(count, guest.system.disk, rolls)):
            sr = guest.sr if position < 2 or guest.live else self.site.srs["archive"]
            links = guest.snapshots or (1 if mint.chance(0.08) else 0)
            chain = disks.chain(self.site, sr, size=size, links=links)
            odd: dict[str, object] = {}
            if number % 300 == 43 and not guest.live:
                odd["missing"] = True
            elif number % 300 == 45:
                odd["on_boot"] = "reset"
            vdi = disks.vdi(
                self.site, sr,
                label=(f"{guest.system.label} root", "data", "logs")[position] if number % 3 else str(position),
                name_description="Created by template provisioner" if position == 0 else "",
                size=size, share=0.1 + 0.8 * rolls[position], parent=chain[-1] if chain else "", host=resident,
                type="system" if position == 0 else "user", cbt_enabled=number % 9 == 0,
                tags=["backup:daily"] if number % 11 == 0 else [], **odd,
            )  # fmt: skip
            guest.disks.append(vdi)
            guest.chains.append(chain)
            metrics = mint.add("VBD_metrics", last_updated=mint.ago(0)) if number < 20 else NULL_REF
            disks.vbd(
                self.site, guest.ref, vdi, position=position, power_state=guest.power_state, drivers=guest.drivers,
                metrics=metrics, unpluggable=position > 0 or mint.chance(0.5),
            )  # fmt: skip
        if guest.system.domain_type == "hvm" and number % 16 != 9:
            image = mint.pick(self.site.isos) if mint.chance(0.08) else NULL_REF
            disks.vbd(
                self.site, guest.ref, image, position=3, power_state=guest.power_state, drivers=guest.drivers, cd=True
            )

    def _nics(self, guest: Guest) -> None:
        mint, number = self.mint, guest.number
        count = 0 if number % 90 == 80 else 2 if mint.chance(0.06) else 1
        for device in range(count):
            key = mint.pick(_NETWORKS)
            extra: dict[str, object] = {}
            if key == "dmz" and mint.chance(0.5):
                extra = {"locking_mode": "locked", "ipv4_allowed": [f"198.51.100.{number % 250 + 1}"]}
            if number % 40 == 12:
                extra |= {"qos_algorithm_type": "ratelimit", "qos_algorithm_params": {"kbps": "10240"}}
            if number % 50 == 13:
                extra["other_config"] = {"ethtool-tx": "off"}
            if number < 20:
                extra["metrics"] = mint.add("VIF_metrics", last_updated=mint.ago(0))
            mint.add(
                "VIF",
                VM=guest.ref, network=self.site.networks[key], device=str(device), MAC=mint.mac(), MTU=1500,
                MAC_autogenerated=True, currently_attached=guest.live,
                allowed_operations=device_rules.vif(
                    power_state=guest.power_state, drivers=guest.drivers, attached=guest.live),
                **extra,
            )  # fmt: skip
