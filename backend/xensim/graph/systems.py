"""Guest operating systems: what their templates ask for, and what their agents report."""

from dataclasses import dataclass, field

GIB = 1 << 30
_LINUX_PLATFORM = {
    "vga": "std", "videoram": "8", "viridian": "false", "device_id": "0001", "secureboot": "auto", "nx": "true",
    "acpi": "1", "apic": "true", "pae": "true", "hpet": "true",
}  # fmt: skip
_WINDOWS_PLATFORM = {
    "cores-per-socket": "2", "device_id": "0002", "viridian": "true", "viridian_time_ref_count": "true",
    "viridian_reference_tsc": "true", "viridian_apic_assist": "true", "viridian_crash_ctl": "true",
    "viridian_stimer": "true", "secureboot": "auto", "vga": "std", "videoram": "8", "nx": "true", "acpi": "1",
    "apic": "true", "pae": "true", "hpet": "true",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class System:
    """A guest system; `share` is its weight among the VMs, 0 for one that nobody installs."""

    template: str
    label: str
    share: int
    os_version: dict[str, str] = field(default_factory=dict)
    windows: bool = False
    firmware: str = "uefi"
    domain_type: str = "hvm"
    disk: int = 10 * GIB
    memory: int = 2 * GIB
    arch: str = ""
    vtpm: bool = False

    @property
    def platform(self) -> dict[str, str]:
        """The `platform` of its template."""
        if self.domain_type != "hvm":
            return {"nx": "true", "acpi": "1", "apic": "true", "pae": "true", "hpet": "true"}
        extra = {"vtpm": "true"} if self.vtpm else {}
        return (_WINDOWS_PLATFORM if self.windows else _LINUX_PLATFORM) | extra

    @property
    def boot_params(self) -> dict[str, str]:
        if self.domain_type != "hvm":
            return {}
        return {"firmware": self.firmware, "order": "cd" if self.windows else "cdn"}

    @property
    def recommendations(self) -> str:
        """The restrictions a client should respect, as the XML that xapi's templates carry."""
        yes = {True: "yes", False: "no"}
        lines = [
            f'<restriction field="memory-static-max" max="{1536 * GIB if self.domain_type == "hvm" else 128 * GIB}"/>',
            *(['<restriction field="vcpus-min" min="2"/>'] if self.windows else []),
            f'<restriction field="vcpus-max" max="{64 if self.domain_type == "hvm" else 32}"/>',
            f'<restriction field="has-vendor-device" value="{str(self.windows).lower()}"/>',
            '<restriction field="allow-gpu-passthrough" value="1"/><restriction field="allow-vgpu" value="1"/>',
            '<restriction field="allow-network-sriov" value="1"/>',
            f'<restriction field="supports-bios" value="{yes[not self.vtpm]}"/>',
            f'<restriction field="supports-uefi" value="{yes[self.firmware == "uefi"]}"/>',
            f'<restriction field="supports-secure-boot" value="{yes[self.firmware == "uefi"]}"/>',
            '<restriction property="number-of-vbds" max="255"/><restriction property="number-of-vifs" max="7"/>',
        ]
        return f"<restrictions>{''.join(lines)}</restrictions>"

    @property
    def install_methods(self) -> str:
        return "cdrom" if self.windows else "cdrom,nfs,http,ftp"


def _linux(name: str, uname: str, distro: str, major: str, minor: str) -> dict[str, str]:
    return {"name": name, "uname": uname, "distro": distro, "major": major, "minor": minor}


def _nt(name: str, major: str, minor: str) -> dict[str, str]:
    return {"name": f"{name}|C:\\Windows|\\Device\\Harddisk0\\Partition4", "distro": "windows", "major": major,
            "minor": minor, "spmajor": "0", "spminor": "0"}  # fmt: skip


SYSTEMS = (
    System("Debian Bookworm 12", "debian-12", 25,
           _linux("Debian GNU/Linux 12 (bookworm)", "6.1.0-28-amd64", "debian", "12", "8")),
    System("Debian Bullseye 11", "debian-11", 10,
           _linux("Debian GNU/Linux 11 (bullseye)", "5.10.0-33-amd64", "debian", "11", "11"), firmware="bios"),
    System("Ubuntu Noble Numbat 24.04", "ubuntu-24.04", 15,
           _linux("Ubuntu 24.04.1 LTS", "6.8.0-49-generic", "ubuntu", "24", "04")),
    System("Ubuntu Jammy Jellyfish 22.04", "ubuntu-22.04", 12,
           _linux("Ubuntu 22.04.5 LTS", "5.15.0-126-generic", "ubuntu", "22", "04")),
    System("Rocky Linux 9", "rocky-9", 8,
           _linux("Rocky Linux 9.4 (Blue Onyx)", "5.14.0-427.13.1.el9_4.x86_64", "rocky", "9", "4"), disk=15 * GIB),
    System("AlmaLinux 8", "almalinux-8", 4,
           _linux("AlmaLinux 8.10 (Cerulean Leopard)", "4.18.0-553.el8_10.x86_64", "almalinux", "8", "10")),
    System("Red Hat Enterprise Linux 9", "rhel-9", 4,
           _linux("Red Hat Enterprise Linux 9.4 (Plow)", "5.14.0-427.el9.x86_64", "rhel", "9", "4")),
    System("CentOS 7", "centos-7", 3, _linux("CentOS Linux 7 (Core)", "3.10.0-1160.el7.x86_64", "centos", "7", "9"),
           firmware="bios"),
    System("SUSE Linux Enterprise Server 11 SP4 (64-bit)", "sles-11-sp4-64bit", 1,
           _linux("SUSE Linux Enterprise Server 11 (x86_64)", "3.0.101-63-xen", "sles", "11", "4"),
           domain_type="pv_in_pvh", memory=GIB, arch="x86_64"),
    System("Windows Server 2022 (64-bit)", "windows-server-2022-64bit", 10,
           _nt("Microsoft Windows Server 2022 Standard", "10", "0"), windows=True, disk=40 * GIB, memory=4 * GIB),
    System("Windows Server 2016 (64-bit)", "windows-server-2016-64bit", 4,
           _nt("Microsoft Windows Server 2016 Standard", "10", "0"), windows=True, disk=32 * GIB, memory=4 * GIB),
    System("Windows 11", "windows-11", 3, _nt("Microsoft Windows 11 Pro", "10", "0"), windows=True, disk=64 * GIB,
           memory=4 * GIB, vtpm=True),
    System("Other install media", "other-install-media", 1, _linux("FreeBSD 14.1-RELEASE", "14.1-RELEASE", "freebsd",
           "14", "1"), firmware="bios"),
)  # fmt: skip

# Agents and drivers that guests run: (PV_drivers_version, up to date)
LINUX_TOOLS = (
    ({"major": "7", "minor": "30", "micro": "0", "build": "12"}, True),
    ({"major": "1", "minor": "0", "micro": "0", "build": "proto-0.4.0"}, True),
    ({"major": "6", "minor": "2", "micro": "0", "build": "76888"}, False),
)
WINDOWS_TOOLS = (
    ({"major": "9", "minor": "4", "micro": "0", "build": "146"}, True),
    ({"major": "9", "minor": "3", "micro": "1", "build": "83"}, False),
    ({"major": "8", "minor": "2", "micro": "2", "build": "200"}, False),
)
FEATURES = {
    "feature-balloon": "1", "feature-poweroff": "1", "feature-reboot": "1", "feature-shutdown": "1",
    "feature-suspend": "1", "feature-vcpu-hotplug": "1", "has-vendor-device": "0",
    "platform-feature-multiprocessor-suspend": "1",
}  # fmt: skip
