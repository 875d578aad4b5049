"""Faults on demand: each method makes one thing go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from xensim.conditions import Conditions
from xensim.hosts import Host, Hosts
from xensim.ops import host_power
from xensim.pool import Pool
from xensim.rrd_faults import RrdFaults


class Faults(RrdFaults):
    """What can be made to go wrong with a served pool. Durations are in seconds; `host` is a ref, None every host."""

    def __init__(self, pool: Pool, hosts: Hosts) -> None:
        super().__init__(pool)
        self._pool = pool
        self._hosts = hosts
        self._pending: set[asyncio.Task[None]] = set()

    @property
    def conditions(self) -> Conditions:
        return self._pool.conditions

    def drop_connections(self, host: str | None = None) -> int:
        """Abort every open connection; how many there were."""
        return sum(each.drop() for each in self._chosen(host))

    async def refuse_connections(self, seconds: float = 5.0, host: str | None = None) -> None:
        """Drop connections and refuse new ones for a while; returns when they are refused."""
        closed = self._chosen(host)
        for each in closed:
            await each.refuse()
        self._later(self._reopen(closed, seconds))

    def forget_sessions(self) -> None:
        """Every session is invalid; waiting calls learn it at once."""
        self._pool.sessions.end_all()

    def lose_events(self, count: int = 1) -> None:
        """The next deletions never show up as events."""
        self._pool.db.amnesia += count

    def events_lost(self, count: int = 1) -> None:
        """The next `event.from` calls, waiting ones too, answer EVENTS_LOST."""
        self.conditions.events_lost += count
        self._pool.db.changed.set()

    async def restart(self, seconds: float = 2.0) -> None:
        """The coordinator's daemon restarts: refused for a while, sessions and tasks gone, every row new."""
        await self.refuse_connections(seconds, self._pool.coordinator)
        self._pool.start_over()

    async def move_coordinator(self, host: str | None = None, seconds: float = 0.0) -> str:
        """Another member becomes the coordinator, all connections drop; the old one stays away for `seconds`."""
        old = self._hosts.coordinator
        new = host or next(each.ref for each in self._hosts.live() if each is not old)
        self._pool.set_coordinator(new)
        self.drop_connections()
        if seconds > 0:
            await self.refuse_connections(seconds, old.ref)
        return new

    async def power_off(self, host: str) -> None:
        """A host loses power: it answers nothing and no longer counts as live; its VMs stay `Running` without HA."""
        await host_power.go_down(self._pool, host)

    async def power_on(self, host: str) -> None:
        """Somebody presses the button: the host is up, and no VM runs on it any more."""
        await host_power.come_up(self._pool, host)

    def hang(self, seconds: float = 5.0) -> None:
        """Requests that come in the next seconds are read and never answered."""
        self.conditions.hang_until = asyncio.get_running_loop().time() + seconds

    def garbage(self, count: int = 1) -> None:
        """The next replies have the right length and senseless content."""
        self.conditions.garbage += count

    def truncate(self, count: int = 1) -> None:
        """The next replies stop in the middle, and their connections with them."""
        self.conditions.truncated += count

    def slow(self, seconds: float = 1.0) -> None:
        """Every reply comes so much later, until `clear`."""
        self.conditions.slow_s = seconds

    def slow_transfers(self, rate: float = 1_000_000.0) -> None:
        """Disks, exports and imports move `rate` bytes a second from the next request on, until `clear`."""
        self.conditions.transfer_rate = rate

    def cut_transfers(self, after: int = 1 << 20, count: int = 1) -> None:
        """The connections of the next transfers drop after so many bytes of their bodies."""
        self.conditions.cut_after, self.conditions.cuts = after, count

    def refuse_transfers(self, count: int = 1) -> None:
        """The next requests to handlers (exports, imports, disks, consoles, logs) answer 500 at once."""
        self.conditions.refused += count

    def change_certificate(self, host: str | None = None) -> str:
        """A new certificate for a host, the coordinator by default; its fingerprint. Old connections stay."""
        chosen = self._hosts.all[host] if host else self._hosts.coordinator
        return chosen.renew_certificate().sha256

    def clear(self) -> None:
        """End what lasts: slow and spoiled replies and transfers, hanging, lost events, faults of measurements."""
        self.conditions.clear()
        self.rrd_clear()
        self._pool.db.amnesia = 0

    async def close(self) -> None:
        """Give up what is still to come."""
        pending = list(self._pending)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    def _chosen(self, host: str | None) -> list[Host]:
        return [self._hosts.all[host]] if host else list(self._hosts.all.values())

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _reopen(self, closed: list[Host], seconds: float) -> None:
        await asyncio.sleep(seconds)
        live = self._hosts.live()
        for host in closed:
            if host in live:
                await host.listen(self._hosts.port)
