"""The dashboard of a VM: what Xen Orchestra's clients show of it at a glance (ANCHOR.md 1.6). Sizes are bytes."""

from typing import Literal

import msgspec
from msgspec import UNSET

from podium.model.base import Maybe

Protection = Literal["protected", "unprotected", "not-in-active-job"]


class QuickCpus(msgspec.Struct, frozen=True):
    number: int


class QuickMemory(msgspec.Struct, frozen=True):
    size: int


class QuickOs(msgspec.Struct, frozen=True):
    name: str | Maybe = UNSET


class QuickCreation(msgspec.Struct, frozen=True):
    """When and by whom the VM was made, as the tool that made it noted."""

    date: str | int | float | Maybe | None = UNSET
    user: str | Maybe | None = UNSET


class QuickInfo(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={
        "cpus": "CPUs",
        "main_ip_address": "mainIpAddress",
        "pool": "$pool",
        "virtualization_mode": "virtualizationMode",
        "start_time": "startTime",
        "pv_drivers_detected": "pvDriversDetected",
        "pv_drivers_version": "pvDriversVersion",
        "pv_drivers_up_to_date": "pvDriversUpToDate",
    },
):
    """What one wants to know of a VM first. `host`: where it is, unless that is the pool. `startTime` is seconds."""

    id: str
    uuid: str | Maybe = UNSET
    power_state: str
    name_description: str
    cpus: QuickCpus
    main_ip_address: str | Maybe = UNSET
    os_version: QuickOs
    memory: QuickMemory
    creation: QuickCreation
    pool: str
    host: str | Maybe = UNSET
    virtualization_mode: str
    tags: tuple[str, ...]
    start_time: int | Maybe | None = UNSET
    pv_drivers_detected: bool
    pv_drivers_version: str | Maybe = UNSET
    pv_drivers_up_to_date: bool | Maybe = UNSET


class LastRun(msgspec.Struct, frozen=True, rename="camel"):
    backup_job_id: str
    timestamp: int
    status: str


class Replication(msgspec.Struct, frozen=True):
    """The newest replica of the VM, `timestamp` in ms; `sr` when all its disks are on one. Empty when there is none."""

    id: str | Maybe = UNSET
    timestamp: int | Maybe = UNSET
    sr: str | Maybe = UNSET


class BackupArchive(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    timestamp: int
    backup_repository: str
    size: int


class BackupsInfo(msgspec.Struct, frozen=True, rename="camel"):
    """How the VM is kept: the last three runs of its jobs, the newest replica, the last three archives."""

    last_runs: tuple[LastRun, ...]
    vm_protection: Protection
    replication: Replication
    backup_archives: tuple[BackupArchive, ...]


class VmDashboard(msgspec.Struct, frozen=True, rename="camel"):
    """A VM at a glance. `alarms`: ids."""

    quick_info: QuickInfo
    alarms: tuple[str, ...]
    backups_info: BackupsInfo
