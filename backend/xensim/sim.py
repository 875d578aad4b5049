"""A served pool: its records, its hosts on the network, and what can be done to them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from xensim import files, graph
from xensim.clock import Clock
from xensim.database import Database
from xensim.dispatch import Dispatcher
from xensim.faults import Faults
from xensim.hosts import Hosts
from xensim.offers import OFFERS
from xensim.ops.churn import Churn
from xensim.pool import Pool
from xensim.sessions import Credentials

COLLECT_S = 30.0
MOVE_S = 0.1  # between the answer to pool.designate_new_master and the move


@dataclass(slots=True)
class Options:
    """What pool to serve, and where.

    `port` 0 is any free one, `control_port` None is no control port. `pace` multiplies the durations of operations,
    `login_penalty_s` passes before a wrong password is refused. `load` is a file of records, instead of a made-up pool.
    """

    hosts: int = 3
    vms: int = 10
    seed: int = 1
    tls: bool = True
    address: str = "127.0.0.1"
    port: int = 0
    control_port: int | None = None
    user: str = "root"
    password: str = "xensim"  # noqa: S105 - of a simulated host
    load: Path | None = None
    pace: float = 1.0
    login_penalty_s: float = 2.0
    clock: Clock = field(default_factory=Clock)


class Sim:
    """A pool on the network. Its records are read through `db` and changed by `set`, `create` and `destroy`."""

    def __init__(self, options: Options, pool: Pool | None = None) -> None:
        """`pool`: one that is filled already, instead of the one that `options` describe."""
        self.options = options
        self.pool = pool or empty_pool(options)
        if pool is None:
            _fill(self.pool, options)
        self.pool.statistics.begin()
        self.control_port = 0  # set when there is a control port
        self._dispatcher = Dispatcher(self.pool)
        self._hosts = Hosts(self.pool, self._dispatcher, address=options.address, port=options.port, secure=options.tls)
        self.faults = Faults(self.pool, self._hosts)
        self._churn = Churn(self.pool, seed=options.seed)
        self._kinds: set[str] = set()
        self._churning: asyncio.Task[None] | None = None
        self._work: set[asyncio.Task[None]] = set()
        self.pool.on_coordinator_request = self._move_soon
        self.pool.on_power = self._hosts.power
        self.pool.on_gone = self._hosts.remove

    @property
    def db(self) -> Database:
        return self.pool.db

    @property
    def port(self) -> int:
        return self._hosts.port

    @property
    def addresses(self) -> list[str]:
        """Of every host, in the order they were made."""
        return [host.address for host in self._hosts.all.values()]

    @property
    def coordinator(self) -> str:
        """The address of the host that answers calls now."""
        return self._hosts.coordinator.address

    @property
    def url(self) -> str:
        """Of the coordinator."""
        return f"{'https' if self.options.tls else 'http'}://{self.coordinator}:{self.port}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the coordinator's certificate, AB:CD:..."""
        return self._hosts.coordinator.identity.sha256

    def set(self, cls: str, ref: str, **fields: object) -> None:
        self.db.set(cls, ref, **fields)

    def create(self, cls: str, record: dict[str, object] | None = None, **fields: object) -> str:
        """Add an object from a record, from fields, or both; its ref."""
        return self.db.create(cls, {**(record or {}), **fields})

    def destroy(self, cls: str, ref: str) -> None:
        self.db.destroy(cls, ref)

    def churn(self, rate: float, *, kinds: Collection[str] = ()) -> None:
        """Let about `rate` changes a second happen from now on; 0 ends it. Other `kinds` than before begin anew."""
        if self._churning is not None:
            self._churning.cancel()
        if set(kinds) != self._kinds:
            self._churn, self._kinds = Churn(self.pool, kinds=kinds, seed=self.options.seed), set(kinds)
        self._churning = self._spawn(self._churn.run(rate)) if rate > 0 else None

    def load(self, path: Path) -> None:
        """Add the records of a file to the pool."""
        files.read(path, self.db)

    def dump(self, path: Path) -> None:
        """Write every record to a file that `load` takes."""
        files.write(path, self.db)

    def add_host(self, ref: str) -> None:
        """A host that has joined the pool is to answer at its address."""
        self._hosts.add(ref)

    async def start(self) -> None:
        await self._hosts.listen()
        self._spawn(self._collect())

    async def stop(self) -> None:
        """End everything that was started, in the opposite order."""
        work = list(self._work)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await self.faults.close()
        await self.pool.background.stop()
        await self._hosts.close()
        await self._dispatcher.stop()
        OFFERS.withdraw(self.pool)
        self.pool.contents.close()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def _move_soon(self, host: str) -> None:
        """A client asked for another coordinator: it gets its answer first."""
        self._spawn(self._move(host))

    async def _move(self, host: str) -> None:
        await asyncio.sleep(MOVE_S)
        await self.faults.move_coordinator(host)

    async def _collect(self) -> None:
        """The coordinator's regular collection of old sessions and tasks."""
        while True:
            await asyncio.sleep(COLLECT_S)
            self.pool.sessions.collect()
            self.pool.tasks.collect()


def empty_pool(options: Options) -> Pool:
    """A pool without records."""
    pool = Pool(
        rng=random.Random(options.seed),
        clock=options.clock,
        credentials=Credentials(options.user, options.password),
        pace=options.pace,
        seed=options.seed,
    )
    pool.sessions.penalty_s = options.login_penalty_s
    return pool


def _fill(pool: Pool, options: Options) -> None:
    if options.load is not None:
        files.read(options.load, pool.db)
    else:
        first = ip_address(options.address)
        addresses = [str(first + at) for at in range(options.hosts)]
        graph.build(pool, hosts=options.hosts, vms=options.vms, seed=options.seed, addresses=addresses)
