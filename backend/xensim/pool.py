"""One simulated pool: its records, sessions, tasks, time and chance in one place."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from xensim.audit import Audit
from xensim.background import Background
from xensim.clock import Clock
from xensim.conditions import Conditions
from xensim.content import Contents
from xensim.database import Database
from xensim.outside import Outside
from xensim.rrd import Statistics
from xensim.schema import NULL_REF, Schema, load
from xensim.screen import Screen
from xensim.sessions import Credentials, Sessions
from xensim.tasks import Tasks


async def _nothing(*_: object) -> None:
    """What whoever serves a pool does when nobody serves it."""


def _nobody(_address: str) -> Pool | None:
    return None


@dataclass(slots=True)
class Pool:
    """What operations, events and the graph builder work on. `pace` multiplies simulated durations; 0 is at once."""

    rng: random.Random = field(default_factory=lambda: random.Random(1))
    clock: Clock = field(default_factory=Clock)
    schema: Schema = field(default_factory=load)
    credentials: Credentials = field(default_factory=Credentials)
    pace: float = 1.0
    seed: int = 1  # of what hosts measure
    audit: Audit = field(default_factory=Audit)
    blobs: dict[str, bytes] = field(default_factory=dict)  # what was put into blobs, by ref
    screens: dict[str, Screen] = field(default_factory=dict)  # of the VMs that somebody looked at, by ref
    outside: Outside = field(default_factory=Outside)
    background: Background = field(default_factory=Background)
    db: Database = field(init=False)
    contents: Contents = field(init=False)
    sessions: Sessions = field(init=False)
    tasks: Tasks = field(init=False)
    conditions: Conditions = field(init=False)
    statistics: Statistics = field(init=False)
    on_coordinator_request: Callable[[str], None] = field(init=False)
    on_power: Callable[[str, bool], Awaitable[None]] = field(default=_nothing)  # a host (ref) goes down or comes up
    on_gone: Callable[[str], Awaitable[None]] = field(default=_nothing)  # a host (ref) has left the pool
    on_eject: Callable[[dict[str, object]], Awaitable[None]] = field(
        default=_nothing
    )  # its last record; it starts anew
    find_pool: Callable[[str], Pool | None] = field(default=_nobody)  # whose coordinator is at an address
    on_join: Callable[[Pool, str], Awaitable[None]] = field(default=_nothing)  # our host is a member (ref) there now

    def __post_init__(self) -> None:
        self.db = Database(self.schema, self.rng)
        self.contents = Contents(self.db)
        self.sessions = Sessions(self.db, self.clock, self.credentials, lambda: self.coordinator)
        self.tasks = Tasks(self.db, self.clock, self.sessions, lambda: self.coordinator)
        self.conditions = Conditions()
        self.statistics = Statistics(self.db, self.clock, self.seed)
        self.on_coordinator_request = self.set_coordinator

    @property
    def ref(self) -> str:
        """The pool's own object, the null ref before there is one."""
        return next(iter(self.db.refs("pool")), NULL_REF)

    @property
    def coordinator(self) -> str:
        """The host that answers calls: the pool's `master`."""
        return NULL_REF if self.ref == NULL_REF else str(self.db.field("pool", self.ref, "master"))

    def set_coordinator(self, host: str) -> None:
        """Another host answers from now on: sessions and tasks are gone, every row is new to clients."""
        self.db.set("pool", self.ref, master=host)
        self.start_over()

    def request_coordinator(self, host: str) -> None:
        """Ask whoever serves this pool to make `host` the coordinator."""
        self.on_coordinator_request(host)

    def start_over(self) -> None:
        """What a restart of the daemon does to what it holds in memory; refs stay."""
        self.tasks.forget_all()
        self.sessions.end_all()
        self.db.restamp()

    def emit_message(self, name: str, priority: int, cls: str, obj_uuid: str, body: str) -> str:
        """Add a message, e.g. `VM_STARTED`, 5, `VM`, about an object; the ref."""
        return self.db.create(
            "message",
            {
                "name": name,
                "priority": priority,
                "cls": cls,
                "obj_uuid": obj_uuid,
                "timestamp": self.clock.wire(),
                "body": body,
            },
        )
