"""Poller: reads one host's measurements every five seconds, in one request for the host and all its VMs."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
import structlog

from podium.errors import PodiumError
from podium.metrics.archive import Archive
from podium.metrics.decode import Floats, Update, decode
from podium.metrics.layout import Layout
from podium.metrics.rings import MINUTES, SECONDS, Condition, Rings
from podium.metrics.store import Store
from podium.model.dates import timestamp
from podium.xapi.errors import XapiError, XapiGarbage, XapiTransportError

log = structlog.get_logger(__name__)

TIMEOUT_S: Final = 15.0
"""For an answer of a few MB. A first one, of everything that the host has, may take longer."""
FIRST_TIMEOUT_S: Final = 60.0
LIMIT_BYTES: Final = 256 * 1024 * 1024
SILENT_S: Final = 30.0
"""Without a new row for so long a host counts as silent."""
SKEW_EVERY_S: Final = 300.0
"""A host's clock is compared with ours so often."""
SKEW_TIMEOUT_S: Final = 5.0
"""A member that lost power leaves the coordinator waiting, and us with it."""
PAUSES: Final = 12
"""A host that does not answer is asked up to so many times less often."""
AT_ONCE: Final = 50
"""VMs whose history is asked for in one request."""
WHOLE_FROM: Final = 200
"""When so many VMs are new, everything is asked for again."""
_ROWS_AT_ONCE: Final = 4
"""Rows taken in without giving others their turn: a row of 30,000 numbers takes some 3 ms."""

Query = Sequence[tuple[str, str]]


class Reader(Protocol):
    """What a poller needs of the connection to the pool."""

    async def read(
        self, pool_id: str, address: str, path: str, query: Query, *, timeout_s: float, limit_bytes: int
    ) -> bytes:
        """The body of an answer of one host. Raises PoolUnreachable, CertificateUntrusted, XapiTransportError."""

    async def call(self, pool_id: str, method: str, *params: object, timeout_s: float) -> object:
        """A call at the coordinator. Raises PoolUnreachable, XapiError."""


@dataclass(frozen=True, slots=True)
class Target:
    """A host to read. `ref` is its OpaqueRef, `address` where it answers."""

    host: str
    pool: str
    ref: str
    address: str


class Turned(Exception):
    """The host's clock, or its archives, are not where they were: everything is to be read again."""


class Poller:
    """Reads one host until it is cancelled."""

    def __init__(
        self,
        target: Target,
        *,
        store: Store,
        reader: Reader,
        heavy: asyncio.Semaphore,
        clock: Callable[[], float] = time.time,
        interval_s: float = float(SECONDS),
        filled: Callable[[], None] = lambda: None,
    ) -> None:
        self._filled = filled
        self.target = target
        self._store = store
        self._reader = reader
        self._heavy = heavy
        self._clock = clock
        self._interval_s = interval_s
        self._rings: Rings = store.begin(target.host, target.pool)
        self._skew_s = 0.0
        self._measured: float | None = None
        self._minute = 0.0
        self._misses = 0
        self._anew: set[int] = set()

    async def run(self, first_pause_s: float = 0.0) -> None:
        """Read, for ever. `first_pause_s`: hosts are not all asked in the same moment."""
        loop = asyncio.get_running_loop()
        self._say(state="starting", reason=None)
        await asyncio.sleep(first_pause_s)
        due = loop.time()
        while True:
            began = time.perf_counter()
            try:
                await self._poll()
                self._misses = 0
            except Turned as error:
                log.info("metrics are read anew", host=self.target.host, reason=str(error))
                self._rings.forget()
                self._measured = None
                self._failed(str(error))
            except (PodiumError, XapiError, XapiTransportError) as error:
                self._failed(str(error))
            self._say(duration_ms=round((time.perf_counter() - began) * 1e3, 1))
            due = max(due + self._interval_s * min(2**self._misses, PAUSES), loop.time())
            await asyncio.sleep(due - loop.time())

    async def _poll(self) -> None:
        if self._measured is None or self._clock() - self._measured > SKEW_EVERY_S:
            await self._measure()
        arrived = await self._take(SECONDS)
        if self._clock() - self._minute >= MINUTES:
            self._minute = self._clock()
            await self._take(MINUTES)
        if arrived:
            await self._backfill(arrived)

    async def _measure(self) -> None:
        """How far the host's clock is ahead of ours. The answer was true at some moment between question and answer."""
        asked = self._clock()
        text = await self._reader.call(
            self.target.pool, "host.get_servertime", self.target.ref, timeout_s=SKEW_TIMEOUT_S
        )
        answered = self._clock()
        theirs = timestamp(text) if isinstance(text, str) else None
        if theirs is None:
            raise XapiGarbage("the host does not tell its time")
        # it tells whole seconds, cut off
        skew_s = theirs + 0.5 - (asked + answered) / 2
        self._skew_s = 0.0 if abs(skew_s) <= 1.0 + (answered - asked) / 2 else skew_s
        self._measured = answered
        self._say(clock_skew=round(self._skew_s, 1))

    async def _take(self, step: int) -> list[str]:
        """Read what is new of one granularity. The owners that the host told of for the first time."""
        archive = self._rings.archives[step]
        theirs = self._clock() + self._skew_s
        oldest = int(theirs) - step * archive.rows + step
        if step in self._anew or archive.end == 0 or archive.end < oldest:
            self._anew.discard(step)
            async with self._heavy:
                await self._whole(step, await self._fetch(step, oldest, timeout_s=FIRST_TIMEOUT_S))
            self._filled()
            return []
        return self._more(step, await self._fetch(step, archive.end, timeout_s=TIMEOUT_S))

    async def _whole(self, step: int, update: Update) -> None:
        """All that the host has. Nobody sees half of it."""
        _require(update, step)
        archive = Archive(step)
        layout = self._rings.layout_for(update)
        archive.adopt(layout)
        for number, (at, row) in enumerate(_rows(update, layout), 1):
            archive.put(at, row)
            if number % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        self._store.replace(self._rings, archive)
        if archive.end:
            self._store.came(self._rings)
        self._heard(step)

    def _more(self, step: int, update: Update) -> list[str]:
        """What has come since the last time: a row or two."""
        _require(update, step)
        archive = self._rings.archives[step]
        before = archive.end
        if update.end < before - step:
            raise Turned("the host's clock was set back")
        layout = self._rings.layout_for(update)
        rows = list(_rows(update, layout))
        arrived = self._store.adopt(self._rings, step, layout)
        for at, row in rows:
            archive.put(at, row)
        if archive.end != before:
            self._store.came(self._rings)
        self._heard(step)
        return arrived

    async def _backfill(self, arrived: list[str]) -> None:
        """What was before of VMs that have just come: their RRDs came with them."""
        if len(arrived) > WHOLE_FROM:
            self._anew = set(self._rings.archives)
            self._minute = 0.0
            return
        for start in range(0, len(arrived), AT_ONCE):
            vms = [("vm_uuid", uuid) for uuid in arrived[start : start + AT_ONCE]]
            for step, archive in self._rings.archives.items():
                oldest = int(self._clock() + self._skew_s) - step * archive.rows + step
                update = await self._fetch(step, oldest, timeout_s=TIMEOUT_S, vms=vms)
                if update.step == step:
                    self._store.adopt(self._rings, step, self._rings.seconds.layout)
                    self._rings.fill(step, update)

    async def _fetch(self, step: int, start: int, *, timeout_s: float, vms: Query = ()) -> Update:
        query = [("cf", "AVERAGE"), ("interval", str(step)), ("json", "true"), ("start", str(start)), *vms]
        if not vms:
            query.append(("host", "true"))
        self._say(requests=self._rings.condition.requests + 1)
        target = self.target
        body = await self._reader.read(
            target.pool, target.address, "/rrd_updates", query, timeout_s=timeout_s, limit_bytes=LIMIT_BYTES
        )
        return decode(body)

    def _heard(self, step: int) -> None:
        if step != SECONDS:
            return
        now = self._clock()
        archive = self._rings.seconds
        last = archive.end - self._skew_s if archive.end else None
        layout = archive.layout
        self._say(
            last_row=last,
            sources=len(layout),
            vms=sum(owner.kind == "vm" for owner in layout.owners),
        )
        if last is not None and now - last <= SILENT_S:
            self._say(state="live", reason=None)
        elif last is None:
            self._say(state="silent", reason="the host answers, but has measured nothing yet")
        else:
            self._say(state="silent", reason="the host answers, but its measurements stand still")
            self._measured = None  # or its clock was changed

    def _failed(self, reason: str) -> None:
        self._misses += 1
        self._say(failures=self._rings.condition.failures + 1)
        last = self._rings.condition.last_row
        if last is None or self._clock() - last > SILENT_S or self._misses > 2:
            self._say(state="unreachable", reason=_words(self.target, reason))

    def _say(self, **changes: object) -> None:
        known = self._rings.condition
        if "state" in changes and (changes["state"] != known.state or not known.since):
            changes["since"] = self._clock()
            self._store.turned()
        self._rings.condition = msgspec.structs.replace(known, **changes)


def _require(update: Update, step: int) -> None:
    if update.step != step:
        raise Turned(f"the host answers with rows of {update.step} s for {step} s; its clock may be wrong")


def _rows(update: Update, layout: Layout) -> Iterator[tuple[int, Floats]]:
    """The rows in the layout's order of columns, oldest first."""
    for at, row in update.rows(layout.width):
        if at > update.end or at % update.step:
            raise Turned("the host's rows are not where its answer says")
        yield at, row[layout.take]


def _words(target: Target, reason: str) -> str:
    return f"metrics are read from each host itself, and {target.address} does not give them: {reason}"


def unreachable(store: Store, target: Target, reason: str, *, now: float) -> None:
    """Say of a host that nobody reads just now why that is."""
    rings = store.begin(target.host, target.pool)
    condition: Condition = rings.condition
    if condition.state != "unreachable" or condition.reason != reason:
        rings.condition = msgspec.structs.replace(condition, state="unreachable", reason=reason, since=now)
        store.turned()
