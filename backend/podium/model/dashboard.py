"""Dashboards: what Xen Orchestra's clients show of the site and of a pool at a glance (ANCHOR.md 1.1, 1.4).

Sizes are bytes, `percent` is 0 to 100 (CPU provisioning may exceed it). A part that has nothing to tell says
`isEmpty: true` in place of its numbers, one that failed says `error: true`.
"""

from typing import Literal

import msgspec
from msgspec import UNSET

from podium.model.base import Maybe
from podium.model.missing_patch import MissingPatch


class IsEmpty(msgspec.Struct, frozen=True, rename="camel"):
    """There is nothing to tell."""

    is_empty: Literal[True] = True


class Failed(msgspec.Struct, frozen=True):
    """That part could not be made."""

    error: Literal[True] = True


class HostsStatus(msgspec.Struct, frozen=True):
    """How many hosts: `running` ones take VMs, `disabled` ones run and do not."""

    disabled: int
    running: int
    halted: int
    unknown: int
    total: int


class VmsStatus(msgspec.Struct, frozen=True):
    """How many VMs: `active` ones are running or paused, `inactive` ones halted or suspended."""

    active: int
    inactive: int
    running: int
    halted: int
    paused: int
    suspended: int
    unknown: int
    total: int


class PoolsStatus(msgspec.Struct, frozen=True):
    """How many servers: `unreachable` ones are wanted and cannot be had, `unknown` ones are not there yet."""

    connected: int
    disconnected: int
    unreachable: int
    unknown: int
    total: int


class ResourcesOverview(msgspec.Struct, frozen=True, rename="camel"):
    """Cores of all pools, memory of all hosts, size of all SRs that hold disks."""

    n_cpus: int | Maybe = UNSET
    memory_size: int | Maybe = UNSET
    sr_size: int | Maybe = UNSET
    is_empty: Literal[True] | Maybe = UNSET


class StorageSize(msgspec.Struct, frozen=True):
    """`used` is `replicated` (disks of replicas) and `other` together."""

    available: int
    other: int
    replicated: int
    total: int
    used: int


class StorageRepositories(msgspec.Struct, frozen=True, rename="camel"):
    """All SRs that hold disks together."""

    size: StorageSize | Maybe = UNSET
    is_empty: Literal[True] | Maybe = UNSET
    error: Literal[True] | Maybe = UNSET


class SiteMissingPatches(msgspec.Struct, frozen=True, rename="camel"):
    """How many hosts and pools lack patches. `nHostsFailed`: of so many it is not known."""

    has_authorization: bool | Maybe = UNSET
    n_hosts: int | Maybe = UNSET
    n_hosts_eol: int | IsEmpty | Maybe = UNSET
    n_hosts_with_missing_patches: int | Maybe = UNSET
    n_hosts_failed: int | Maybe = UNSET
    n_pools: int | Maybe = UNSET
    n_pools_with_missing_patches: int | Maybe = UNSET
    error: Literal[True] | Maybe = UNSET


class RepositoriesSize(msgspec.Struct, frozen=True):
    """Of backup repositories; only `backups` is known of those in an object store."""

    backups: int
    available: int | Maybe = UNSET
    other: int | Maybe = UNSET
    total: int | Maybe = UNSET
    used: int | Maybe = UNSET


class Repositories(msgspec.Struct, frozen=True):
    size: RepositoriesSize


class BackupRepositories(msgspec.Struct, frozen=True, rename="camel"):
    """Where backups are kept: in S3 or elsewhere."""

    s3: Repositories | Maybe = UNSET
    other: Repositories | Maybe = UNSET
    is_expired: bool | Maybe = UNSET
    is_empty: Literal[True] | Maybe = UNSET
    error: Literal[True] | Maybe = UNSET


class BackupJobs(msgspec.Struct, frozen=True, rename="camel"):
    """How the backup jobs went within the last seven days."""

    disabled: int
    failed: int
    no_recent_run: int
    skipped: int
    successful: int
    total: int


class BackupIssue(msgspec.Struct, frozen=True):
    """A job of which one of the last three runs (`logs`, newest first) did not succeed."""

    logs: tuple[str, ...]
    type: str
    uuid: str
    name: str | Maybe = UNSET


class VmsProtection(msgspec.Struct, frozen=True, rename="camel"):
    """How many VMs the last three runs of some backup job kept."""

    protected: int
    unprotected: int
    not_in_job: int


class Backups(msgspec.Struct, frozen=True, rename="camel"):
    """Backup jobs, and who is kept by them."""

    jobs: BackupJobs | Maybe = UNSET
    issues: tuple[BackupIssue, ...] | Maybe = UNSET
    vms_protection: VmsProtection | Maybe = UNSET
    is_expired: bool | Maybe = UNSET
    is_empty: Literal[True] | Maybe = UNSET
    error: Literal[True] | Maybe = UNSET


class XoaDashboard(msgspec.Struct, frozen=True, rename="camel"):
    """The site at a glance, as far as whoever asks may see it."""

    n_pools: int
    n_hosts: int
    hosts_status: HostsStatus
    vms_status: VmsStatus
    pools_status: PoolsStatus
    resources_overview: ResourcesOverview
    storage_repositories: StorageRepositories
    missing_patches: SiteMissingPatches
    backup_repositories: BackupRepositories | Maybe = UNSET
    backups: Backups | Maybe = UNSET


class PoolHostsStatus(msgspec.Struct, frozen=True):
    running: int
    disabled: int
    halted: int
    total: int


class CpuUsage(msgspec.Struct, frozen=True):
    """The newest CPU use of a host or a VM."""

    name_label: str
    id: str
    percent: float


class HostRam(msgspec.Struct, frozen=True):
    """The newest memory use of a host."""

    name_label: str
    id: str
    size: int
    usage: int
    percent: float


class HostsTop(msgspec.Struct, frozen=True):
    """The five hosts that use most."""

    ram: tuple[HostRam, ...]
    cpu: tuple[CpuUsage, ...]


class PoolMissingPatches(msgspec.Struct, frozen=True, rename="camel"):
    """What any host of the pool lacks."""

    has_authorization: bool | Maybe = UNSET
    missing_patches: tuple[MissingPatch, ...] | Maybe = UNSET
    error: Literal[True] | Maybe = UNSET


class PoolHosts(msgspec.Struct, frozen=True, rename="camel"):
    status: PoolHostsStatus
    top_five_usage: HostsTop
    missing_patches: PoolMissingPatches


class PoolVmsStatus(msgspec.Struct, frozen=True):
    running: int
    halted: int
    paused: int
    suspended: int
    total: int


class VmRam(msgspec.Struct, frozen=True, rename={"memory_free": "memoryFree"}):
    """The newest memory use of a VM whose guest tells it."""

    name_label: str
    id: str
    memory: int
    memory_free: int
    percent: float


class VmsTop(msgspec.Struct, frozen=True):
    """The five VMs that use most."""

    cpu: tuple[CpuUsage, ...]
    ram: tuple[VmRam, ...]


class PoolVms(msgspec.Struct, frozen=True, rename="camel"):
    status: PoolVmsStatus
    top_five_usage: VmsTop


class SrUsage(msgspec.Struct, frozen=True):
    """How full an SR is."""

    name_label: str
    id: str
    percent: float
    physical_usage: int
    size: int


class PoolSrs(msgspec.Struct, frozen=True, rename="camel"):
    top_five_usage: tuple[SrUsage, ...]


class CpuProvisioning(msgspec.Struct, frozen=True):
    """vCPUs `assigned` to active VMs, of `total` CPUs of the pool's hosts."""

    total: int
    assigned: int
    percent: float


class PoolDashboard(msgspec.Struct, frozen=True, rename="camel"):
    """A pool at a glance. `alarms`: ids."""

    hosts: PoolHosts
    vms: PoolVms
    srs: PoolSrs
    alarms: tuple[str, ...]
    cpu_provisioning: CpuProvisioning
