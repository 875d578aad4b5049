"""`event.from`: what changed after a token, and the wait for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from xensim.database import Database, Deletion, Row
from xensim.failures import XapiFailure
from xensim.pool import Pool
from xensim.registry import Call, operation
from xensim.schema import Class
from xensim.xmlrpc import array, struct, text, value_of_row

FIRST_WAIT_S = 0.05
BACKOFF_S = (0.006, 0.05)
LONGEST_S = 24 * 3600.0
_TOKEN = re.compile(r"(\d+),(\d+)\Z")


@dataclass(frozen=True, slots=True)
class Token:
    """Where a client is: the generation of the database, and of messages, which live outside of it."""

    generation: int = 0
    messages: int = 0

    @classmethod
    def parse(cls, text: str) -> Token:
        """Raises EVENT_FROM_TOKEN_PARSE_FAILURE."""
        if text == "":
            return cls()
        match = _TOKEN.match(text)
        if match is None:
            raise XapiFailure("EVENT_FROM_TOKEN_PARSE_FAILURE", text)
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.generation:020d},{self.messages:020d}"


class Subscription:
    """Classes, in any case, and single objects, that a client wants to hear of."""

    def __init__(self, items: Iterable[str]) -> None:
        self._all = False
        self._classes: set[str] = set()
        self._objects: set[tuple[str, str]] = set()
        for item in items:
            match item.split("/"):
                case ["*"]:
                    self._all = True
                case [cls]:
                    self._classes.add(cls.lower())
                case [cls, ref]:
                    self._objects.add((cls.lower(), ref))
                case _:
                    raise XapiFailure("EVENT_SUBSCRIPTION_PARSE_FAILURE", item)
        self._partial = {cls for cls, _ in self._objects}

    def touches(self, cls: str) -> bool:
        """Whether any object of the class (in lower case) may match."""
        return self._all or cls in self._classes or cls in self._partial

    def matches(self, cls: str, ref: str) -> bool:
        return self._all or cls in self._classes or (cls, ref) in self._objects

    @property
    def only_tasks(self) -> bool:
        """Such subscriptions are not made to wait before the first look."""
        return not self._all and self._classes | self._partial == {"task"}


@dataclass(slots=True)
class Batch:
    """One reply, encoded at the moment it is made: snapshots are the records of that moment."""

    db: Database
    token: Token
    messages_gone: list[Deletion] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    added: list[Row] = field(default_factory=list)
    modified: list[Row] = field(default_factory=list)
    deleted: list[tuple[Class, Deletion]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.messages_gone or self.messages or self.added or self.modified or self.deleted)

    def json(self) -> list[bytes]:
        pieces = [b'{"events":[']
        for deletion in self.messages_gone:
            pieces += (_json_del("0", "message", deletion.ref), b",")
        for row in self.messages:
            pieces += (_JSON % (0, b"message", b"add", row.ref.encode()), row.json, b"},")
        for row in self.added:
            pieces += (_JSON % (row.created, row.cls.lower.encode(), b"add", row.ref.encode()), row.json, b"},")
        for row in self.modified:
            pieces += (_JSON % (row.modified, row.cls.lower.encode(), b"mod", row.ref.encode()), row.json, b"},")
        for cls, deletion in self.deleted:
            pieces += (_json_del(str(deletion.deleted), cls.lower, deletion.ref), b",")
        if len(pieces) > 1:
            pieces[-1] = pieces[-1].rstrip(b",")
        counts = ",".join(f'"{name}":{number}' for name, number in ref_counts(self.db))
        pieces.append(f'],"valid_ref_counts":{{{counts}}},"token":"{self.token}"}}'.encode())
        return pieces

    def xml(self) -> str:
        counts = struct((name, f"<value><i4>{number}</i4></value>") for name, number in ref_counts(self.db))
        return struct(
            (
                ("events", array(self._xml_events())),
                ("valid_ref_counts", counts),
                ("token", f"<value>{self.token}</value>"),
            )
        )

    def _xml_events(self) -> Iterator[str]:
        for deletion in self.messages_gone:
            yield xml_event("0", "0.0", "message", "del", deletion.ref)
        for row in self.messages:
            yield xml_event("0", "0.0", "message", "add", row.ref, value_of_row(row))
        for row in self.added:
            yield xml_event(str(row.created), "0.0", row.cls.lower, "add", row.ref, value_of_row(row))
        for row in self.modified:
            yield xml_event(str(row.modified), "0.0", row.cls.lower, "mod", row.ref, value_of_row(row))
        for cls, deletion in self.deleted:
            yield xml_event(str(deletion.deleted), "0.0", cls.lower, "del", deletion.ref)


_JSON = b'{"id":"%d","timestamp":"0.0","class":"%b","operation":"%b","ref":"%b","snapshot":'


def _json_del(identity: str, cls: str, ref: str) -> bytes:
    return f'{{"id":"{identity}","timestamp":"0.0","class":"{cls}","operation":"del","ref":"{ref}"}}'.encode()


def xml_event(identity: str, timestamp: str, cls: str, kind: str, ref: str, snapshot: str | None = None) -> str:
    """One event as a struct; `snapshot` is an encoded value, none when the object is gone."""
    members = [("id", identity), ("timestamp", timestamp), ("class", cls), ("operation", kind), ("ref", ref)]
    encoded = [(name, f"<value>{text(value)}</value>") for name, value in members]
    return struct(encoded if snapshot is None else [*encoded, ("snapshot", snapshot)])


def ref_counts(db: Database) -> Iterator[tuple[str, int]]:
    """Live objects of every class; messages and roles are not counted, for they are outside the database."""
    for name, cls in db.schema.classes.items():
        yield cls.lower, 0 if name in ("message", "role") else db.count(name)


def collect(db: Database, wanted: Subscription, since: Token, seen: int = 0) -> Batch:
    """What changed after `since`. Changes up to `seen` are known to be of no interest and not looked at again."""
    batch = Batch(db, since)
    _collect_messages(db, wanted, since, batch)
    last = since.generation
    for row in db.changed_since(max(seen, since.generation)):
        cls = row.cls
        if cls.events and cls.in_db and wanted.matches(cls.lower, row.ref):
            last = max(last, row.modified)
            (batch.added if row.created > since.generation else batch.modified).append(row)
    for name, cls in db.schema.classes.items():
        if cls.events and cls.in_db and wanted.touches(cls.lower):
            for deletion in db.deleted_since(name, max(seen, since.generation)):
                if deletion.created <= since.generation and wanted.matches(cls.lower, deletion.ref):
                    last = max(last, deletion.deleted)
                    batch.deleted.append((cls, deletion))
    order = {name: at for at, name in enumerate(db.schema.classes)}
    batch.added.sort(key=lambda row: order[row.cls.name])
    batch.token = Token(last, batch.token.messages)
    return batch


def _collect_messages(db: Database, wanted: Subscription, since: Token, batch: Batch) -> None:
    if not wanted.touches("message"):
        batch.token = Token(since.generation, 0)
        return
    batch.token = Token(since.generation, max(since.messages, db.message_generation))
    for row in db.rows("message").values():
        if row.created > since.messages and wanted.matches("message", row.ref):
            batch.messages.append(row)
    # Unlike objects, messages that a client never saw are reported as gone.
    for deletion in db.deleted_since("message", since.messages):
        if wanted.matches("message", deletion.ref):
            batch.messages_gone.append(deletion)


@operation("event.from")
async def event_from(call: Call, classes: list[str], token: str, timeout: float) -> Batch:  # noqa: ASYNC109 - the API's
    """Changes after `token`, as soon as there are any, or none when `timeout` seconds have passed."""
    wanted = Subscription(classes)
    since = Token.parse(token)
    # A negative timeout overflows in XAPI, and waits for the longest time.
    limit = timeout if 0 <= timeout <= LONGEST_S else LONGEST_S
    return await _wait(call.pool, call.session, wanted, since, limit)


async def _wait(pool: Pool, session: str, wanted: Subscription, since: Token, limit: float) -> Batch:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit
    seen = 0
    delay = 0.0 if wanted.only_tasks else FIRST_WAIT_S
    backoff, longest = BACKOFF_S
    while True:
        await asyncio.sleep(delay)
        if not pool.sessions.is_valid(session):
            raise XapiFailure("SESSION_INVALID", session)
        if pool.conditions.take_events_lost():
            raise XapiFailure("EVENTS_LOST")
        batch = collect(pool.db, wanted, since, seen)
        left = deadline - loop.time()
        if not batch.empty or left <= 0:
            return batch
        seen = pool.db.generation
        # No await between the look and the wait, or a change in between would be missed; hence no asyncio.wait_for.
        try:
            async with asyncio.timeout(left):
                await pool.db.changed.wait()
        except TimeoutError:
            delay = 0.0
        else:
            delay, backoff = backoff, min(backoff * 2, longest)


@operation("event.inject")
def event_inject(call: Call, cls: str, ref: str) -> str:
    """Stamp an object; the token is from just before, so that the stamp is an event after it."""
    if cls not in call.db.schema.classes:
        raise XapiFailure("HANDLE_INVALID", cls, ref)
    return str(Token(call.db.touch(cls, ref) - 1))
