"""Watcher: one pool from login on.

It knows one way to begin: log in, take everything from the empty token, let the fresh state replace the old by diff,
follow. Events lost, session lost, coordinator changed, silence: begin again, after a growing, jittered, bounded pause.
What only a human can change (credentials, certificate, a pool connected elsewhere) ends it.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

import msgspec
import structlog
from tenacity import RetryCallState, wait_random_exponential

from podium.cache.mirror import Event, Mirror
from podium.cache.objects import Objects
from podium.errors import (
    CertificateUntrusted,
    PodiumError,
    PoolAlreadyConnected,
    PoolChanged,
    PoolRefused,
    PoolUnreachable,
)
from podium.model.base import Projection
from podium.watch.state import ServerConfig, State, Trouble, WatchState
from podium.xapi.address import Address, parse_address
from podium.xapi.errors import XapiError, XapiTransportError
from podium.xapi.events import GRACE_S, POLL_S, Batch, everything, follow, news, refetch
from podium.xapi.records import CertificateRecord, HostRecord, PoolRecord
from podium.xapi.session import Login, Session
from podium.xapi.trust import Trust

log = structlog.get_logger(__name__)

SLICE: Final = 250
"""Records taken in, and objects projected and committed, in one step while a pool is loaded: about 10 ms."""
STEP: Final = 1_000
"""So many changed objects of one batch are published in one step, with no await."""
RECONCILE_S: Final = 5.0
"""A class whose count disagrees is fetched again at most so often, and each time in vain makes it twice as seldom."""
RECONCILE_MOST_S: Final = 600.0
MEMBERS: Final = 64
"""What a XenServer pool may have. A reply with more is a lie, and each would be a door to try."""
ABOUT: Final = frozenset({"pool", "host", "certificate"})
"""Classes that tell about the connection itself."""
PING_S: Final = 30.0
"""The pool's latency is measured so often."""
SHA256_COLONS: Final = 31
"""Older servers have SHA-1 fingerprints only, which are no use."""
CALLS: Final = 16
"""Calls in flight at once beside the events: some of the client's connections must stay free for these."""
UNCOUNTED: Final = frozenset({"message"})
"""`valid_ref_counts` always says 0 for messages: they are files, not rows."""

_pause = wait_random_exponential(multiplier=0.5, max=4.0)
"""Between attempts: random up to 0.5, 1, 2, 4, 4 ... seconds."""


class _StartOverError(Exception):
    """The stream cannot be trusted any more: take everything again over a new session."""


class Claims:
    """Which server holds which pool: the first one wins until it lets go."""

    def __init__(self) -> None:
        self._holder: dict[str, str] = {}

    def take(self, pool_id: str, server_id: str) -> None:
        """Raises PoolAlreadyConnected."""
        holder = self._holder.setdefault(pool_id, server_id)
        if holder != server_id:
            raise PoolAlreadyConnected(pool_id, holder)

    def release(self, server_id: str) -> None:
        for pool_id in [pool for pool, holder in self._holder.items() if holder == server_id]:
            del self._holder[pool_id]


class Watcher:
    """Watches one server for as long as `run` runs."""

    def __init__(
        self,
        config: ServerConfig,
        *,
        objects: Objects,
        projections: Mapping[str, Projection],
        claims: Claims,
        notify: Callable[[WatchState], None],
        loaded: Callable[[], None] = lambda: None,
        awaited: Callable[[str], Mapping[str, asyncio.Event]] = lambda _: {},
        poll_s: float = POLL_S,
    ) -> None:
        self.config = config
        self._objects = objects
        self._projections = projections
        self._claims = claims
        self._notify = notify
        self._loaded = loaded
        self._awaited = awaited
        self._poll_s = poll_s
        self._trust = config.trust
        self._members = config.members
        self._coordinator: Address | None = None
        self._reconciled: dict[str, tuple[float, float]] = {}
        self._events = 0
        self._pinged = 0.0
        self._token = ""
        self._advanced = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        self._catching: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._rate_since = time.monotonic()
        self.mirror: Mirror | None = None
        self.session: Session | None = None
        """While the pool is connected: for calls beside the events."""
        self.calls = asyncio.Semaphore(CALLS)
        self.state = WatchState(config.id, State.CONNECTING, time.time(), pool_id=config.expected_pool)

    @property
    def trust(self) -> Trust:
        """How the certificates of this pool's hosts are judged."""
        return self._trust

    @property
    def coordinator_address(self) -> str:
        """What the pool itself calls its coordinator's address; "" while it is not known."""
        pool = None if self.mirror is None else self.mirror.record(PoolRecord, self.mirror.pool_ref)
        host = None if pool is None or self.mirror is None else self.mirror.record(HostRecord, pool.master)
        return "" if host is None else host.address

    def door(self, host: str) -> Address:
        """Where the member with that address answers us. Raises PoolUnreachable: only members are ever spoken to.

        The coordinator may have another address for us than for its members.
        """
        if self.session is None:
            raise PoolUnreachable("the connection to the pool was lost meanwhile")
        if host not in self.state.members:
            raise PoolUnreachable(f"{host} is not the address of a host of this pool")
        address = self.session.client.address
        return address if host == self.coordinator_address else address.at(host)

    async def run(self) -> None:
        """Connect and follow, for ever; returns only when a human is needed."""
        attempt = 0
        while True:
            began = time.monotonic()
            try:
                await self._live()
            except (PoolRefused, CertificateUntrusted, PoolAlreadyConnected, PoolChanged) as error:
                self._say(State.REFUSED, error)
                log.warning("a pool needs a human", server=self.config.id, code=error.code, detail=str(error))
                return
            except PodiumError as error:
                trouble: PodiumError = error
            except _StartOverError as error:
                trouble = PoolUnreachable(str(error))
            except (XapiError, XapiTransportError) as error:
                trouble = PoolUnreachable(str(error))
            lasted = time.monotonic() - began
            attempt = 1 if self.state.state is State.CONNECTED and lasted > self._poll_s else attempt + 1
            self.failed(trouble)
            log.info("lost a pool, trying again", server=self.config.id, attempt=attempt, detail=str(trouble))
            await asyncio.sleep(_wait(attempt))

    async def caught_up(self) -> None:
        """Returns when the cache has taken in all that had happened in the pool when this was called.

        Nothing is written to the pool for that: it is asked once more what is new since the last batch. Those who come
        while the question is on its way share the next one. Raises PoolUnreachable, XapiError, XapiTransportError.
        """
        if self._asking is None:
            self._asking = asyncio.create_task(self._catch_up(), name=f"catch up with {self.config.id}")
            self._catching.add(self._asking)
            self._asking.add_done_callback(self._caught)
        await asyncio.shield(self._asking)

    def _caught(self, asking: asyncio.Task[None]) -> None:
        self._catching.discard(asking)
        if not asking.cancelled():
            asking.exception()  # whoever waited has heard it; nobody may be left

    async def _catch_up(self) -> None:
        async with self._turn:
            self._asking = None  # who comes from here on may have written after the question
            session = self.session
            if session is None:
                raise PoolUnreachable("the connection to the pool was lost meanwhile")
            token = await news(session, self._token)
            while token > self._token:
                self._advanced.clear()
                await self._advanced.wait()

    def end(self) -> None:
        """What is left to do when nobody runs this any more."""
        for asking in self._catching:
            asking.cancel()
        self._drop_mirror()

    def failed(self, error: PodiumError) -> None:
        """Show a failure that is not the pool's. What is known of the pool stays."""
        self._say(State.STALE if self.state.last_answer is not None else State.CONNECTING, error)

    async def _live(self) -> None:
        """One session's life. Always ends in an exception."""
        config = self.config
        home = parse_address(config.host)
        doors = [home, *(home.at(member) for member in self._members)]
        if self._coordinator is not None:
            doors.insert(0, self._coordinator)  # where it was last found is where it most likely still is
        login = Login(config.username, config.password, self._trust, config.proxy, self.state.pool_id)
        session = await Session.open(doors, login)
        self._coordinator = session.client.address
        logout = True
        try:
            token = await self._load(session)
            self._reached(token)
            self.session = session
            async for batch in follow(session, token, poll_s=self._poll_s):
                await self._take(session, batch)
        except XapiTransportError:
            logout = False  # nobody is there to hear it
            raise
        finally:
            self.session = None
            await session.aclose(logout=logout)

    async def _load(self, session: Session) -> str:
        """Take everything, and let it replace what the cache has of this pool. The token to follow."""
        mirrors: list[Mirror] = []

        async def take(batch: Batch) -> None:
            self._answered()
            if not mirrors:
                mirrors.append(self._mirror_for(batch))
            await _apply(mirrors[0], batch)

        self._drop_mirror()
        try:
            token = await everything(session, take)
            mirror = self.mirror = mirrors[0]
        except BaseException:
            for one in mirrors:
                one.clear()
            raise
        before = {entry.id for entry in self._objects.of_pool(mirror.pool_id)}
        while mirror.pending:
            self._commit(mirror, SLICE)
            await asyncio.sleep(0)
        shown = mirror.shown()
        self._objects.apply(mirror.pool_id, [], before - shown)
        self._learn(mirror)
        await self._ping(session, mirror)
        self._say(State.CONNECTED, None)
        self._loaded()
        log.info("connected", server=self.config.id, pool=mirror.pool_id, records=len(mirror))
        return token

    def _reached(self, token: str) -> None:
        self._token = token
        self._advanced.set()

    def _drop_mirror(self) -> None:
        if self.mirror is not None:
            self.mirror.clear()
            self.mirror = None

    def _mirror_for(self, batch: Batch) -> Mirror:
        for _, ref, record in batch.records():
            if isinstance(record, PoolRecord):
                self._claims.take(record.uuid, self.config.id)
                return Mirror(projections=self._projections, pool_ref=ref, pool_id=record.uuid)
        raise PoolUnreachable("the pool did not say which pool it is")

    async def _take(self, session: Session, batch: Batch) -> None:
        """Apply one batch and publish it in one step; a huge one in several."""
        mirror = self.mirror
        if mirror is None:
            raise _StartOverError("nothing is loaded")
        self._answered()
        self._events += len(batch.events)
        await _apply(mirror, batch)
        self._commit(mirror, STEP)
        while mirror.pending:
            await asyncio.sleep(0)
            self._commit(mirror, SLICE)
        self._reached(batch.token)
        if awaited := self._awaited(mirror.pool_id):
            for event in batch.events:
                if event.kind == "task" and (changed := awaited.get(event.ref)) is not None:
                    changed.set()
        if any(event.kind in ABOUT for event in batch.events):
            self._learn(mirror)
        await self._reconcile(session, mirror, batch.counts)
        self._measure()
        if time.monotonic() - self._pinged >= PING_S:
            await self._ping(session, mirror)

    async def _reconcile(self, session: Session, mirror: Mirror, counts: Mapping[str, int]) -> None:
        """XAPI forgets deletions when there are many: a class whose count disagrees is fetched again.

        A record that cannot be read is counted there and missing here for ever: hence the growing pauses.
        """
        for kind, count in counts.items():
            if kind in UNCOUNTED or not mirror.knows(kind):
                continue
            last, pause_s = self._reconciled.get(kind, (-math.inf, RECONCILE_S))
            if mirror.count(kind) == count:
                if pause_s > RECONCILE_S:
                    self._reconciled[kind] = (last, RECONCILE_S)
                continue
            if time.monotonic() - last < pause_s:
                continue
            self._reconciled[kind] = (time.monotonic(), min(2 * pause_s, RECONCILE_MOST_S))
            log.info("deletions were lost", server=self.config.id, kind=kind, cached=mirror.count(kind), pool=count)
            batch = await refetch(session, kind)
            present = {ref for _, ref, record in batch.records() if record is not None}
            await _apply(mirror, batch)
            mirror.apply(Event(kind, ref, None) for ref in mirror.refs(kind) if ref not in present)
            while mirror.pending:
                self._commit(mirror, SLICE)
                await asyncio.sleep(0)

    def _commit(self, mirror: Mirror, limit: int) -> None:
        projected = mirror.project(limit)
        if projected:
            self._objects.apply(
                mirror.pool_id,
                [one.object for one in projected if one.object is not None],
                [one.gone_id for one in projected if one.gone_id is not None],
            )

    def _learn(self, mirror: Mirror) -> None:
        """What the pool says about itself: its name, its members, their certificates."""
        pool = mirror.record(PoolRecord, mirror.pool_ref)
        if pool is None:
            return
        hosts = mirror.records(HostRecord)
        master = mirror.record(HostRecord, pool.master)
        self._members = tuple(sorted(host.address for host in hosts if host.address)[:MEMBERS])
        certificates = sorted(
            one.fingerprint_sha256 or one.fingerprint for one in mirror.records(CertificateRecord) if one.type == "host"
        )
        known = tuple(one for one in certificates if one.count(":") == SHA256_COLONS)
        self._trust = msgspec.structs.replace(self.config, certificates=known).trust
        self._update(
            pool_id=mirror.pool_id,
            pool_label=pool.name_label or ("" if master is None else master.name_label),
            pool_description=pool.name_description,
            master=None if master is None else master.uuid,
            members=self._members,
            certificates=known,
            product_version="" if master is None else master.software_version.get("product_version", ""),
        )

    def _answered(self) -> None:
        self.state = msgspec.structs.replace(self.state, last_answer=time.time())

    async def _ping(self, session: Session, mirror: Mirror) -> None:
        """How long the pool takes to answer the simplest question."""
        self._pinged = began = time.monotonic()
        await session.call("pool.get_uuid", mirror.pool_ref, timeout_s=self._poll_s + GRACE_S)
        self._update(latency_ms=round((time.monotonic() - began) * 1000, 1))

    def _measure(self) -> None:
        now = time.monotonic()
        if now - self._rate_since >= self._poll_s:
            rate, self._events = self._events / (now - self._rate_since), 0
            self._rate_since = now
            self._update(events_per_s=round(rate, 1))

    def _say(self, state: State, error: PodiumError | None) -> None:
        since = self.state.since if self.state.state is state else time.time()
        self._update(state=state, since=since, trouble=None if error is None else Trouble.of(error))

    def _update(self, **changes: object) -> None:
        self.state = msgspec.structs.replace(self.state, **changes)
        self._notify(self.state)


async def _apply(mirror: Mirror, batch: Batch) -> None:
    """Take a batch in, a huge one with breaths for others in between: nobody but its watcher sees a mirror."""
    events = (Event(kind, ref, record) for kind, ref, record in batch.records())
    for start in range(0, len(batch.events), SLICE):
        if start:
            await asyncio.sleep(0)
        mirror.apply(islice(events, SLICE))


def _wait(attempt: int) -> float:
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]  # only the count is read
    state.attempt_number = attempt
    return _pause(state)
