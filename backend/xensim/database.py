"""The pool's records: rows with generations, relation ends kept in step, bounded memory of deletions."""

import asyncio
import random
from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec

from xensim.failures import XapiFailure
from xensim.schema import NULL_REF, Class, Relation, Schema

REMEMBERED = 256  # deletions each table keeps at least; it forgets down to this when it holds twice as many
LONG = 64  # a far end from here on grows in place: copying SR.VDIs for each of 20,000 disks would be quadratic
_encode = msgspec.json.Encoder().encode


class Row:
    """One object. `record` is in wire form and changes only through Database, which keeps `json` true to it."""

    __slots__ = ("_json", "cls", "created", "modified", "record", "ref")

    def __init__(self, cls: Class, ref: str, record: dict[str, object]) -> None:
        self.cls = cls
        self.ref = ref
        self.record = record
        self.created = 0
        self.modified = 0
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """The record as JSON, encoded once per change: what makes a reply of 100,000 records cheap."""
        if self._json is None:
            self._json = _encode(self.record)
        return self._json

    def forget_json(self) -> None:
        self._json = None


class Deletion:
    """What a table remembers of a row that is gone."""

    __slots__ = ("created", "deleted", "ref")

    def __init__(self, ref: str, created: int, deleted: int) -> None:
        self.ref = ref
        self.created = created
        self.deleted = deleted


class Signal:
    """Wakes whoever waits for the next change; costs nothing while nobody does."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def set(self) -> None:
        if self._waiters:
            waiters, self._waiters = self._waiters, set()
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def wait(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)


class Table:
    """The rows of one class, and its last deletions."""

    __slots__ = ("cls", "deleted", "rows", "uuids")

    def __init__(self, cls: Class) -> None:
        self.cls = cls
        self.rows: dict[str, Row] = {}
        self.uuids: dict[str, str] = {}
        self.deleted: list[Deletion] = []

    def remember(self, deletion: Deletion) -> None:
        self.deleted.append(deletion)
        if len(self.deleted) >= 2 * REMEMBERED:
            del self.deleted[:REMEMBERED]


Listener = Callable[[str, Row], None]


class Database:
    """Every object of the pool by class and ref.

    Records and the lists and maps in them are shared, not copied: read them, and write by `set` with new values.
    Relations: write the near end (`VBD.VM`), or either end where both are sets; the far end (`VM.VBDs`) follows.
    """

    def __init__(self, schema: Schema, rng: random.Random | None = None) -> None:
        self.schema = schema
        self.rng = rng or random.Random()
        self.generation = 0
        self.changed = Signal()
        self.listeners: list[Listener] = []  # called with add, mod or del and the row, after each change
        self.amnesia = 0  # this many deletions to come are not remembered: a fault
        self.message_generation = 0  # of the newest change to the table `message`, which has tokens of its own
        self._tables = {name: Table(cls) for name, cls in schema.classes.items()}
        self._order: dict[Row, None] = {}  # every row, the least recently modified first
        self._templates = {name: self._template(cls) for name, cls in schema.classes.items()}

    # writing

    def create(self, cls: str, record: Mapping[str, object], *, ref: str | None = None) -> str:
        """Add an object and answer its ref; what `record` leaves out gets its default, uuid and ref are made up.

        Raises ValueError for a field the class has not, or a far end of a relation that is not empty.
        """
        table = self._tables[cls]
        ref = ref or self.new_ref()
        if ref in table.rows:
            raise ValueError(f"{cls} {ref} exists")
        full = self._complete(table.cls, record)
        if full.get("uuid") == "":
            full["uuid"] = self.new_uuid()
        row = Row(table.cls, ref, full)
        table.rows[ref] = row
        uuid = full.get("uuid")
        if isinstance(uuid, str):
            table.uuids[uuid] = ref
        self.generation += 1
        row.created = row.modified = self.generation
        self._order[row] = None
        if cls == "message":
            self.message_generation = self.generation
        for name, relation in table.cls.forward.items():
            for far in _refs(full[name]):
                self._link(relation, far, ref)
        self._notify("add", row)
        return ref

    def set(self, cls: str, ref: str, **fields: object) -> None:
        """Write fields and keep far ends in step; equal values are no change."""
        row = self._row(cls, ref)
        changed = False
        for name, value in fields.items():
            if name not in row.record:
                raise ValueError(f"{cls} has no field {name}")
            old = row.record[name]
            if old == value and type(old) is type(value):
                continue
            if name in row.cls.reverse:
                raise ValueError(f"{cls}.{name} follows {row.cls.reverse[name].cls}.{row.cls.reverse[name].field}")
            row.record[name] = value
            changed = True
            if name in row.cls.forward:
                self._relink(row.cls.forward[name], ref, old, value)
            elif name == "uuid":
                self._tables[cls].uuids.pop(str(old), None)
                self._tables[cls].uuids[str(value)] = ref
        if changed:
            self._bump(row)

    def destroy(self, cls: str, ref: str) -> None:
        """Remove an object and take it out of far ends; what pointed to it dangles, as it does in XAPI."""
        row = self._row(cls, ref)
        table = self._tables[cls]
        for name, relation in row.cls.forward.items():
            for far in _refs(row.record[name]):
                self._unlink(relation, far, ref)
        del table.rows[ref]
        table.uuids.pop(str(row.record.get("uuid")), None)
        del self._order[row]
        self.generation += 1
        if self.amnesia > 0:
            self.amnesia -= 1
        else:
            table.remember(Deletion(ref, row.created, self.generation))
        if cls == "message":
            self.message_generation = self.generation
        self._notify("del", row)

    def touch(self, cls: str, ref: str) -> int:
        """Stamp an object as modified though nothing changed, as `event.inject` does; answers the generation."""
        row = self._row(cls, ref)
        self._bump(row)
        return row.modified

    def load(self, records: Mapping[str, Mapping[str, Mapping[str, object]]]) -> None:
        """Add whole records as they are, both ends of relations included: a dump of a pool."""
        for cls, rows in records.items():
            table = self._tables[cls]
            for ref, record in rows.items():
                row = Row(table.cls, ref, {**self._templates[cls], **record})
                self.generation += 1
                row.created = row.modified = self.generation
                table.rows[ref] = row
                table.uuids[str(record.get("uuid"))] = ref
                self._order[row] = None
            if cls == "message":
                self.message_generation = self.generation
        self.changed.set()

    def restamp(self) -> None:
        """What a restart does: every row is new again, deletions are forgotten, refs stay."""
        for table in self._tables.values():
            table.deleted.clear()
        for row in self._order:
            self.generation += 1
            row.created = row.modified = self.generation
        self.message_generation = self.generation
        self.changed.set()

    # reading

    def record(self, cls: str, ref: str) -> dict[str, object]:
        """The live record, to read only. Raises HANDLE_INVALID."""
        return self._row(cls, ref).record

    def field(self, cls: str, ref: str, name: str) -> object:
        """One field, to read only. Raises HANDLE_INVALID."""
        return self._row(cls, ref).record[name]

    def items(self, cls: str, ref: str, name: str) -> list[object]:
        """A field that is a set, to read only. Raises HANDLE_INVALID."""
        value = self._row(cls, ref).record[name]
        if not isinstance(value, list):
            raise TypeError(f"{cls}.{name} is no set")
        return value

    def entries(self, cls: str, ref: str, name: str) -> dict[str, object]:
        """A field that is a map, to read only. Raises HANDLE_INVALID."""
        value = self._row(cls, ref).record[name]
        if not isinstance(value, dict):
            raise TypeError(f"{cls}.{name} is no map")
        return value

    def exists(self, cls: str, ref: str) -> bool:
        return ref in self._tables[cls].rows

    def refs(self, cls: str) -> Collection[str]:
        return self._tables[cls].rows.keys()

    def rows(self, cls: str) -> Mapping[str, Row]:
        return self._tables[cls].rows

    def row(self, cls: str, ref: str) -> Row:
        return self._row(cls, ref)

    def count(self, cls: str) -> int:
        return len(self._tables[cls].rows)

    def by_uuid(self, cls: str, uuid: str) -> str:
        """The ref of an object. Raises UUID_INVALID."""
        try:
            return self._tables[cls].uuids[uuid]
        except KeyError:
            raise XapiFailure("UUID_INVALID", cls, uuid) from None

    def by_name(self, cls: str, label: str) -> list[str]:
        return [ref for ref, row in self._tables[cls].rows.items() if row.record.get("name_label") == label]

    def changed_since(self, generation: int) -> Iterator[Row]:
        """Rows modified after `generation`, the newest change first."""
        for row in reversed(self._order):
            if row.modified <= generation:
                return
            yield row

    def deleted_since(self, cls: str, generation: int) -> Iterator[Deletion]:
        """Remembered deletions after `generation`, the newest first."""
        for deletion in reversed(self._tables[cls].deleted):
            if deletion.deleted <= generation:
                return
            yield deletion

    def new_uuid(self) -> str:
        text = f"{self.rng.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def new_ref(self) -> str:
        return f"OpaqueRef:{self.new_uuid()}"

    # relations and generations

    def _row(self, cls: str, ref: str) -> Row:
        try:
            return self._tables[cls].rows[ref]
        except KeyError:
            raise XapiFailure("HANDLE_INVALID", cls, ref) from None

    def _template(self, cls: Class) -> dict[str, object]:
        """Defaults shared by all rows of a class; sharing is safe, for values are replaced and never changed."""
        return {name: field.default_value() for name, field in cls.fields.items()}

    def _complete(self, cls: Class, record: Mapping[str, object]) -> dict[str, object]:
        full = self._templates[cls.name].copy()
        full.update(record)
        if len(full) != len(cls.fields):
            raise ValueError(f"{cls.name} has no field {', '.join(record.keys() - cls.fields.keys())}")
        for name in cls.reverse:
            if full[name]:
                raise ValueError(f"{cls.name}.{name} follows {cls.reverse[name].cls}.{cls.reverse[name].field}")
        return full

    def _link(self, relation: Relation, far: str, ref: str) -> None:
        row = self._tables[relation.cls].rows.get(far)
        if row is None:
            return
        refs = _refs(row.record[relation.field])
        if relation.many and ref in refs:
            return
        if len(refs) < LONG:
            row.record[relation.field] = [*refs, ref]
        else:
            refs.append(ref)
        self._bump(row)

    def _unlink(self, relation: Relation, far: str, ref: str) -> None:
        row = self._tables[relation.cls].rows.get(far)
        if row is None:
            return
        refs = _refs(row.record[relation.field])
        row.record[relation.field] = [other for other in refs if other != ref]
        self._bump(row)

    def _relink(self, relation: Relation, ref: str, old: object, new: object) -> None:
        before, after = _refs(old), _refs(new)
        for far in before:
            if far not in after:
                self._unlink(relation, far, ref)
        for far in after:
            if far not in before:
                self._link(relation, far, ref)

    def _bump(self, row: Row) -> None:
        self.generation += 1
        row.modified = self.generation
        row.forget_json()
        # Moved to the end of the dict, rows stay in order of change, and nobody scans the unchanged ones.
        self._order.pop(row, None)
        self._order[row] = None
        self._notify("mod", row)

    def _notify(self, operation: str, row: Row) -> None:
        for listener in self.listeners:
            listener(operation, row)
        self.changed.set()


def _refs(value: object) -> list[str]:
    """The refs in a field of a relation: one or many, null ones left out."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) and value and value != NULL_REF else []
