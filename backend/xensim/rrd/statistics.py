"""All RRDs of a pool: the answers to `/rrd_updates`, and what a single owner keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor

import numpy as np

from xensim.clock import Clock
from xensim.database import Database
from xensim.rrd import encode, machine
from xensim.rrd.archives import ARCHIVES, STEP, Archive, choose, consolidations, tolerance
from xensim.rrd.character import Draw
from xensim.rrd.encode import Form
from xensim.rrd.household import Household
from xensim.rrd.misbehaviour import Misbehaviours
from xensim.rrd.population import Columns, Member, Window
from xensim.rrd.roster import Roster
from xensim.rrd.waves import Values, Waves

MIN_MAX = "create_min_max_in_new_VM_RRDs"  # of pool.other_config


class NoArchive(Exception):
    """Nobody keeps what is asked for: Rrd.No_RRA_Available."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for updates. `vms`: uuids, None is all on the host; `srs`: uuids; `cf`: "" is every one."""

    start: int
    interval: int = 0
    cf: str = ""
    host: bool = False
    vms: Sequence[str] | None = None
    srs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """One archive of one owner, the oldest row first."""

    archive: Archive
    cf: str
    xff: float
    rows: Values  # (rows, sources)


class Statistics:
    """The measurements of every host, VM and SR of a pool. `roster`: who has which sources."""

    def __init__(self, db: Database, clock: Clock, seed: int = 1) -> None:
        self.seed = seed
        self.faults = Misbehaviours()
        self.roster = Roster(db, clock, seed)
        self._db = db
        self._clock = clock
        self._waves = Waves()
        self._phases: dict[str, float] = {}

    def begin(self) -> None:
        """Take the present state for what has always been; what changes from now on shows in the histories."""
        self.roster.presence.begin()

    # time

    def now(self, host: str) -> float:
        """The time by the clock of a host (a ref)."""
        return self._clock.now() + self.faults.of(host).skew_s

    def last_update(self, host: str) -> float:
        """When a host measured last, by its own clock; no two hosts do at the same moment. Raises HANDLE_INVALID."""
        if host not in self._phases:
            uuid = str(self._db.field("host", host, "uuid"))
            self._phases[host] = Draw(self.seed, uuid, "clock").between(0.0, STEP - 0.01)
        phase, frozen = self._phases[host], self.faults.of(host).frozen_at
        now = self.now(host) if frozen is None else frozen
        return floor((now - phase) / STEP) * STEP + phase

    # answers

    async def updates(self, host: str, ask: Ask, form: Form) -> list[bytes]:
        """The reply to `/rrd_updates` at a host, in pieces. Raises NoArchive, HANDLE_INVALID."""
        last = self.last_update(host)
        start = ask.start + int(last) if ask.start < 0 else ask.start
        coarser = self.faults.of(host).coarser
        archive = choose(last, start, ask.interval, extremes=ask.cf in {"MIN", "MAX"}, coarser=coarser)
        ends = archive.ends(last, start)
        await self._waves.prepare(archive, ends)
        await self.roster.prepare(host)
        home = self.roster.household(host)
        window = Window.of(self._waves, archive, ends, self.faults.of(host).skew_s)
        columns = self._columns(home, ask)
        own_cfs = consolidations(archive, ask.cf, extremes=True) if ask.host else ()
        cfs = consolidations(archive, ask.cf, extremes=self.min_max) if columns.members else ()
        if not own_cfs and not cfs:
            raise NoArchive
        meta = {
            "start": (start // archive.step + 1) * archive.step,
            "step": archive.step,
            "end": archive.newest(last),
            "rows": len(ends),
            "columns": len(own_cfs) * len(home.places) + len(cfs) * columns.count,
        }
        entries = encode.join([home.legend(own_cfs, form), columns.legend(cfs, form)], form)
        own = np.hstack([await self._own(home, window, cf) for cf in own_cfs]) if own_cfs else None
        xff = tolerance(archive, extremes=self.min_max)
        made = [columns.rows(window, xff) if cf == "AVERAGE" else columns.extremes(window, cf) for cf in cfs]
        return await encode.body(form, meta, entries, ends, _rows(own, columns, made, len(ends)))

    @property
    def min_max(self) -> bool:
        """Whether VMs have archives of MIN and MAX; hosts always do."""
        configs = (row.record["other_config"] for row in self._db.rows("pool").values())
        return any(isinstance(config, dict) and config.get(MIN_MAX) == "true" for config in configs)

    async def kept_by_host(self, home: Household, last: float) -> list[Kept]:
        """Every archive of a host's own RRD at its time `last`. Raises HANDLE_INVALID."""
        found: list[Kept] = []
        for archive in ARCHIVES:
            window = await self._whole(archive, home.ref, last)
            for cf in consolidations(archive, "", extremes=True):
                rows = await self._own(home, window, cf)
                found.append(Kept(archive, cf, tolerance(archive, extremes=True), rows[::-1]))
        return found

    async def kept_by(self, member: Member, host: str, last: float) -> list[Kept]:
        """Every archive of a VM or SR that `host` measures at its time `last`. Raises HANDLE_INVALID."""
        columns, found = Columns([member]), []
        extremes = self.min_max
        for archive in ARCHIVES:
            window = await self._whole(archive, host, last)
            xff = tolerance(archive, extremes=extremes)
            for cf in consolidations(archive, "", extremes=extremes):
                rows = list(columns.rows(window, xff) if cf == "AVERAGE" else columns.extremes(window, cf))
                found.append(Kept(archive, cf, xff, np.array(rows)[::-1]))
        return found

    def newest(self, member: Member, host: str) -> Values:
        """The last measurements of a VM or SR, in order of its columns. Raises HANDLE_INVALID."""
        return next(Columns([member]).rows(self._last(host), 0.5))

    def newest_of_host(self, host: str) -> Values:
        """The last measurements of a host itself, in order of its places. Raises HANDLE_INVALID."""
        home = self.roster.household(host)
        return np.asarray(home.own(self._last(host), "AVERAGE", self._gauges(home), self.roster.left(host))[0])

    def _last(self, host: str) -> Window:
        ends = [ARCHIVES[0].newest(self.last_update(host))]
        return Window.of(self._waves, ARCHIVES[0], ends, self.faults.of(host).skew_s)

    async def _whole(self, archive: Archive, host: str, last: float) -> Window:
        end = archive.newest(last)
        ends = [end - at * archive.step for at in range(archive.rows)]
        await self._waves.prepare(archive, ends)
        return Window.of(self._waves, archive, ends, self.faults.of(host).skew_s)

    async def _own(self, home: Household, window: Window, cf: str) -> Values:
        """A host's own sources, (rows, sources); others run now and then."""
        gauges, left = self._gauges(home), self.roster.left(home.ref)
        found = [np.zeros((0, len(home.places)), np.float32)]
        for chunk in window.chunks():
            found.append(home.own(chunk, cf, gauges, left))
            await asyncio.sleep(0)
        return np.concatenate(found)

    def _gauges(self, home: Household) -> list[float]:
        return machine.gauges(self._db, home.ref, leads=home.machine.facts.leads)

    def _columns(self, home: Household, ask: Ask) -> Columns:
        stores = [store for store in self.roster.stores(home.ref) if store.guest.facts.uuid in ask.srs]
        if ask.vms is None and not stores:
            return home.columns
        vms = [member for member in home.members if ask.vms is None or member.guest.facts.uuid in ask.vms]
        return Columns([*vms, *stores])


def _rows(own: Values | None, columns: Columns, made: Sequence[Iterator[Values]], count: int) -> Iterator[Values]:
    """Every row of a reply in the order of the legend: the host's own, then its VMs'. `made`: by consolidation."""
    for at in range(count):
        whole = columns.by_owner([next(each) for each in made])
        yield whole if own is None else np.concatenate([own[at], whole])
