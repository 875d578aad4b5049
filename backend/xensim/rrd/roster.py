"""Who measures what: the hosts with their VMs as they are now, kept until something about them changes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from time import perf_counter

from xensim.clock import Clock
from xensim.database import Database
from xensim.rrd import guest, machine
from xensim.rrd.character import READ, activities
from xensim.rrd.encode import SLICE_S
from xensim.rrd.guest import Column, Guest
from xensim.rrd.household import Household, visible
from xensim.rrd.population import Member
from xensim.rrd.presence import History, Presence, Span
from xensim.schema import NULL_REF

_REMEMBERED = 200  # VMs that have left a host, for the sake of its past

Chosen = Mapping[str, float | None]  # sources: since when they are recorded, None when somebody forgot them


class Roster:
    """Follows the database; what it answers is put together at most once per change."""

    def __init__(self, db: Database, clock: Clock, seed: int) -> None:
        self._db = db
        self._clock = clock
        self._seed = seed
        self.presence = Presence(db, clock, self._suspect)
        self.presence.on_leave = self._leave
        self.presence.on_host = self._host_changed
        self._members: dict[str, Member] = {}
        self._archived: dict[str, Member] = {}  # VMs that are nowhere, as they were when they stopped
        self._suspects: set[str] = set()
        self._households: dict[str, Household] = {}
        self._left: dict[str, deque[Member]] = {}
        self._asked = False
        self._chosen: dict[str, dict[str, float | None]] = {}  # by uuid
        self._plugged: dict[str, Member] = {}  # SRs that a plugin measures, by ref

    # what there is

    async def prepare(self, host: str) -> None:
        """Put together the VMs of a host that nobody asked for yet, in slices that let others run."""
        self.presence.begin()
        self._settle()
        started = perf_counter()
        for ref in list(self._db.items("host", host, "resident_VMs")):
            vm = str(ref)
            if vm not in self._members and self._db.exists("VM", vm) and self.presence.of(vm).present is not None:
                self._member(vm)
            if perf_counter() - started > SLICE_S:
                await asyncio.sleep(0)
                started = perf_counter()

    def household(self, host: str) -> Household:
        """A host and the VMs on it as they are now. Raises HANDLE_INVALID."""
        self.presence.begin()
        self._asked = True
        self._settle()
        facts = machine.facts(self._db, host, next(iter(self._db.refs("pool")), ""))
        known = self._households.get(host)
        if known is None or known.machine.facts != facts:
            made = machine.Machine(self._seed, facts)
            places = list(visible(made.sources, self.chosen(facts.uuid)))
            known = self._households[host] = Household(host, made, places, self._residents(host))
        return known

    def left(self, host: str) -> Sequence[Member]:
        """The VMs that were on a host and are not any more, the newest ones."""
        return self._left.get(host, ())

    def member(self, vm: str) -> Member:
        """A VM as it is measured, or as it was when it stopped. Raises HANDLE_INVALID."""
        self.presence.begin()
        self._settle()
        if self.presence.of(vm).present is not None:
            return self._member(vm)
        known = self._archived.get(vm)
        if known is None:
            facts = guest.facts(self._db, vm, asleep=True)
            made = guest.measure(self._seed, facts, lambda _device: -inf)
            known = self._archived[vm] = Member(vm, made, self.presence.of(vm), self._visible(made))
        return known

    def store(self, sr: str) -> Member | None:
        """An SR as a plugin measures it."""
        return self._plugged.get(sr)

    def stores(self, host: str) -> list[Member]:
        """The SRs that plugins of a host measure."""
        plugged = {store.ref for store in self.household(host).machine.facts.stores}
        return [member for ref, member in self._plugged.items() if ref in plugged]

    def plug(self, sr: str, sources: Mapping[str, float]) -> None:
        """A storage plugin begins to measure an SR. `sources`: what they are at most. Raises HANDLE_INVALID."""
        uuid = str(self._db.field("SR", sr, "uuid"))
        now = self._clock.now()
        columns = [Column(name, 0.0, (READ, peak), born=now) for name, peak in sources.items()]
        history = History()
        history.move(now, sr, active=True)
        made = Guest(guest.Facts(uuid, 0, 0, 0, False, (), ()), columns, activities(self._seed, uuid))
        self._plugged[sr] = Member(sr, made, history, self._visible(made), owner="sr")

    # what is recorded

    def chosen(self, uuid: str) -> Chosen:
        return self._chosen.get(uuid, {})

    def choose(self, uuid: str, source: str, *, record: bool) -> None:
        """Record a source of an owner from now on, or drop its archives."""
        self._chosen.setdefault(uuid, {})[source] = self._clock.now() if record else None
        self._households.clear()
        for known in (self._members, self._archived):
            for ref in [ref for ref, member in known.items() if member.guest.facts.uuid == uuid]:
                del known[ref]
        for ref, member in self._plugged.items():
            if member.guest.facts.uuid == uuid:
                self._plugged[ref] = replace(member, columns=self._visible(member.guest))

    def _visible(self, made: Guest) -> list[Column]:
        chosen = self.chosen(made.facts.uuid)
        found = []
        for column in made.columns:
            since = chosen.get(column.name, None if column.optional else column.born)
            if since is not None:
                found.append(column if since <= column.born else replace(column, born=since))
        return found

    # members

    def _residents(self, host: str) -> list[Member]:
        refs = [str(ref) for ref in self._db.items("host", host, "resident_VMs")]
        here = [ref for ref in refs if self._db.exists("VM", ref) and self.presence.of(ref).present is not None]
        return [self._member(ref) for ref in here]

    def _member(self, vm: str) -> Member:
        known = self._members.get(vm)
        if known is None:
            facts = guest.facts(self._db, vm)
            made = guest.measure(self._seed, facts, lambda device: self.presence.born(device, vm))
            known = self._members[vm] = Member(vm, made, self.presence.of(vm), self._visible(made))
        return known

    # changes

    def _suspect(self, vm: str) -> None:
        self._suspects.add(vm)

    def _settle(self) -> None:
        """Look at the VMs that something happened to, and forget what was put together of those that did change."""
        suspects, self._suspects = self._suspects, set()
        for vm in suspects:
            known = self._members.get(vm)
            if not self._db.exists("VM", vm):
                self._members.pop(vm, None)
                self._archived.pop(vm, None)
                continue
            present = self.presence.of(vm).present
            if known is None:
                self._stale(present)
            elif known.stamp != present or known.guest.facts != guest.facts(self._db, vm):
                del self._members[vm]
                self._stale(known.stamp)
                self._stale(present)
            if present is not None:
                self._archived.pop(vm, None)
                here = self._left.get(present.host)
                if here and any(member.ref == vm for member in here):
                    again = (member for member in here if member.ref != vm)
                    self._left[present.host] = deque(again, maxlen=_REMEMBERED)

    def _stale(self, span: Span | None) -> None:
        if span is not None:
            self._households.pop(span.host, None)

    def _leave(self, vm: str, host: str) -> None:
        """A VM leaves a host, whose past it stays a part of; it is still where it was."""
        self._households.pop(host, None)
        member = self._members.get(vm)
        if member is None and self._asked and self._db.exists("VM", vm):
            member = self._member(vm)
        if member is None:
            return  # nobody has looked at any host's past yet
        past = History()
        past.spans.extend(span for span in member.history.spans if span.host == host)
        past.move(self._clock.now(), NULL_REF, active=False)
        self._left.setdefault(host, deque(maxlen=_REMEMBERED)).append(Member(vm, member.guest, past, []))
        self._archived[vm] = member

    def _host_changed(self, operation: str, host: str) -> None:
        if operation == "del":
            self._left.pop(host, None)
        self._households.pop(host, None)
