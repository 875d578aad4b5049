"""The older event calls: a queue since `event.register`, read by `event.next`."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from xensim.database import Database, Row
from xensim.encoding import encode
from xensim.events import Subscription, xml_event
from xensim.failures import XapiFailure
from xensim.pool import Pool
from xensim.registry import Call, operation
from xensim.xmlrpc import array, value_of_row

FIRST_WAIT_S = 0.2
HEARTBEAT_S = 30.0
QUEUE_LENGTH = 10_000  # XAPI bounds it by 10 MB


@dataclass(frozen=True, slots=True)
class Event:
    """One change, with the record as it was then."""

    id: int
    at: int
    kind: str
    row: Row
    json: bytes

    def encode(self) -> bytes:
        head = {
            "id": str(self.id),
            "timestamp": f"{self.at}.",
            "class": self.row.cls.lower,
            "operation": self.kind,
            "ref": self.row.ref,
        }
        return encode(head)[:-1] + b',"snapshot":' + self.json + b"}"


@dataclass(slots=True)
class Events:
    """A reply of `event.next`."""

    events: list[Event]

    def json(self) -> list[bytes]:
        return [b"[", b",".join(event.encode() for event in self.events), b"]"]

    def xml(self) -> str:
        return array(self._xml())

    def _xml(self) -> Iterator[str]:
        for event in self.events:
            snapshot = value_of_row(event.row)
            yield xml_event(str(event.id), f"{event.at}.", event.row.cls.lower, event.kind, event.row.ref, snapshot)


@dataclass(slots=True)
class Registration:
    classes: set[str] = field(default_factory=set)
    next_id: int = 0


class Queue:
    """The one queue of a pool; it fills only while a session is registered."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.next_id = 0
        self.registrations: dict[str, Registration] = {}
        self._events: deque[Event] = deque(maxlen=QUEUE_LENGTH)

    def add(self, kind: str, row: Row) -> None:
        if row.cls.events and self.registrations:
            self._events.append(Event(self.next_id, int(self._pool.clock.now()), kind, row, row.json))
            self.next_id += 1

    def after(self, registration: Registration) -> list[Event]:
        """What the session has not read yet. Raises EVENTS_LOST when some of it is gone."""
        oldest = self._events[0].id if self._events else self.next_id
        if registration.next_id < oldest:
            registration.next_id = self.next_id
            raise XapiFailure("EVENTS_LOST")
        wanted = Subscription(registration.classes)
        events = [
            event
            for event in self._events
            if event.id >= registration.next_id and wanted.matches(event.row.cls.lower, event.row.ref)
        ]
        registration.next_id = self.next_id
        return events


_queues: WeakKeyDictionary[Database, Queue] = WeakKeyDictionary()


def _queue(pool: Pool) -> Queue:
    if pool.db not in _queues:
        _queues[pool.db] = Queue(pool)
    return _queues[pool.db]


def _track_id(session: str) -> str:
    return "trackid=" + hashlib.md5(session.encode(), usedforsecurity=False).hexdigest()


@operation("event.register")
def register(call: Call, classes: list[str]) -> None:
    """Add classes to what `event.next` answers for this session."""
    queue = _queue(call.pool)
    if queue.add not in call.db.listeners:
        call.db.listeners.append(queue.add)
    registration = queue.registrations.setdefault(call.session, Registration(next_id=queue.next_id))
    registration.classes.update(classes)


@operation("event.unregister")
def unregister(call: Call, classes: list[str]) -> None:
    """Take classes away; a session with none left is no longer registered."""
    queue = _queue(call.pool)
    registration = queue.registrations.get(call.session)
    if registration is not None:
        registration.classes.difference_update(classes)
        if not registration.classes or "*" in classes:
            del queue.registrations[call.session]


@operation("event.next")
async def event_next(call: Call) -> Events:
    """The events since the last call, waiting for the first; a heartbeat of the pool when nothing happens."""
    queue = _queue(call.pool)
    registration = queue.registrations.get(call.session)
    if registration is None:
        raise XapiFailure("SESSION_NOT_REGISTERED", _track_id(call.session))
    await asyncio.sleep(FIRST_WAIT_S)
    while True:
        if not call.pool.sessions.is_valid(call.session):
            raise XapiFailure("SESSION_INVALID", call.session)
        events = queue.after(registration)
        if events:
            return Events(events)
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await call.db.changed.wait()
        except TimeoutError:
            if call.db.exists("pool", call.pool.ref):
                queue.add("mod", call.db.row("pool", call.pool.ref))


@operation("event.get_current_id")
def get_current_id(call: Call) -> int:
    """The id of the next event of this queue; it has nothing to do with tokens."""
    return _queue(call.pool).next_id
