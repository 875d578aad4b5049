"""Hosts that reboot: whether one may yet, and when it is back."""

import asyncio
import time
from typing import Final

from podium.errors import IncorrectState, NotSupported, PodiumError, PoolUnreachable
from podium.model.host import Host
from podium.model.numbers import version
from podium.model.pool import Pool
from podium.services.gateway import Gateway
from podium.services.hosts import Hosts
from podium.services.tasks import Progress

BACK_S: Final = 1800.0
"""Large machines take a quarter of an hour to count their memory."""
ENABLE_S: Final = 600.0
LOOK_S: Final = 0.5
_NOT_YET: Final = frozenset({"HOST_STILL_BOOTING", "HOST_NOT_LIVE", "HOST_OFFLINE"})


class HostReturns:
    """What a reboot has to know before and after it."""

    def __init__(self, gateway: Gateway, hosts: Hosts) -> None:
        self._gateway = gateway
        self._hosts = hosts

    async def require_coordinator_first(self, host: Host) -> None:
        """Raises IncorrectState when a member that was updated would come back newer than its coordinator.

        Such a member could not join its own pool again. Source: ANCHOR.md 1.5, clean_reboot.
        """
        pool = self._gateway.find(Pool, "pool", host.pool)
        if not host.reboot_required or host.id == pool.master:
            return
        coordinator = self._gateway.find(Host, "host", str(pool.master))
        name = coordinator.name_label
        mine, its = version(str(host.version)), version(str(coordinator.version))
        if its < mine:
            raise IncorrectState(f"the coordinator {name} is older than {host.name_label}: upgrade it first")
        if its > mine:
            return
        if coordinator.reboot_required:
            raise IncorrectState(f"the coordinator {name} was updated and not rebooted yet: reboot it first")
        try:
            missing = await self._hosts.missing_patches_of(coordinator)
        except NotSupported:  # its updates are known to its own tools only
            return
        if missing:
            raise IncorrectState(f"the coordinator {name} lacks {len(missing)} updates: install them there first")

    async def wait(self, host: Host, progress: Progress | None = None) -> None:
        """Wait until a host that was told to reboot has booted again, and have it take VMs.

        Its boot time tells: XAPI takes a host for dead only after ten minutes, and of the coordinator we hear nothing
        at all while it is away. Raises PoolUnreachable when it does not come back.
        """
        began = time.monotonic()
        down = False
        while True:
            now = self._now(host)
            up = now is not None and now.power_state == "Running"
            if up and now is not None and (now.start_time != host.start_time or down):
                break
            down = down or not up
            waited = time.monotonic() - began
            if waited > BACK_S:
                raise PoolUnreachable(f"{host.name_label} has not come back after {waited / 60:.0f} minutes")
            if progress is not None:
                progress.at(min(95.0, 95 * waited / BACK_S))
            await asyncio.sleep(LOOK_S)
        await self._enable(host)

    async def _enable(self, host: Host) -> None:
        """Its toolstack takes some time after the boot, and the coordinator's ends our session once more."""
        began = time.monotonic()
        while True:
            try:
                await self._gateway.call(host, "host.enable", host.xapi_ref)
            except PodiumError as error:
                code = None if error.xapi is None else error.xapi.code
                passes = isinstance(error, PoolUnreachable) or code in _NOT_YET
                if not passes or time.monotonic() - began > ENABLE_S:
                    raise
            else:
                return
            await asyncio.sleep(LOOK_S)

    def _now(self, host: Host) -> Host | None:
        entry = self._gateway.objects.of_type("host").get(host.id)
        return entry.object if entry is not None and isinstance(entry.object, Host) else None
