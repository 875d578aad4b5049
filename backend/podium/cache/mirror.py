"""Mirror: one pool's raw records by ref, and which objects read them.

A projection reads other records only through `Mirror.look`, which notes each read on the record that was read. When
that record changes in a way the reader can notice, the reader is *dirty* and is projected again; nobody keeps a list
of dependants by hand. Three widths of reading keep this cheap: a link notices only the target's identity, a fact only
one value computed from the target, a record everything.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from operator import eq, truth
from typing import Final, TypeVar

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from podium.cache.compact import Compact, renewed
from podium.model.base import Projection, XoObject
from podium.model.identity import is_null, object_id
from podium.xapi.records import RECORDS, Record

log = structlog.get_logger(__name__)

R = TypeVar("R", bound=Record)
T = TypeVar("T")

_FEW: Final = 8
"""Up to so many readers a list is smaller and faster than a set."""
_MANY: Final = 32
"""So many links are kept from the first time on: a host has a thousand VMs, an SR 20,000 disks, and both change."""
_EDITS: Final = 8
"""Up to so many changes in a list of refs the links of the others serve again."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One change of one record. `record` is None when it is gone."""

    kind: str
    """The record's XAPI class in lower case."""
    ref: str
    record: Record | None


class Projected(msgspec.Struct, frozen=True, gc=False):
    """What one record shows now. `gone_id`: an id it showed before and shows no more."""

    ref: str
    object: XoObject | None
    gone_id: str | None


class Row:
    """One record with its readers. `shown`: the id of the object that clients see of it, if any.

    `kept`: the lists of links that it last read; each link holds until the identity of its target changes.
    """

    __slots__ = ("facts", "id", "kept", "kind", "linkers", "readers", "reads", "record", "ref", "shown")

    def __init__(self, kind: str, ref: str, record: Record, shown_id: str) -> None:
        self.kind = kind
        self.ref = ref
        self.record = record
        self.id = shown_id
        self.shown: str | None = None
        self.reads: tuple[Row | str, ...] = ()
        self.linkers: Row | list[Row] | set[Row] | None = None
        self.readers: Row | list[Row] | set[Row] | None = None
        self.facts: _Fact | None = None
        self.kept: tuple[_Links, ...] = ()


class _Links(msgspec.Struct, frozen=True):
    """Many refs, the rows they were found to mean (the ref itself where there was none), and their ids, in order.

    `refs` has None where the answer holds no more.
    """

    refs: tuple[str | None, ...]
    reads: tuple[Row | str, ...]
    ids: tuple[str | None, ...]

    def without(self, ref: str) -> "_Links":
        """The same, but `ref` is to be looked up again."""
        if ref not in self.refs:
            return self
        refs = tuple([None if one == ref else one for one in self.refs])
        return _Links(refs, self.reads, self.ids)


_NO_LINKS: Final = _Links((), (), ())


class _Fact:
    """One value computed from a row, and who read it. A row has a chain of them, rarely more than two."""

    __slots__ = ("compute", "next", "readers", "value")

    def __init__(self, compute: Callable[..., object], value: object, following: "_Fact | None") -> None:
        self.compute = compute
        self.value = value
        self.next = following
        self.readers: Row | list[Row] | set[Row] | None = None

    def chain(self) -> "Iterator[_Fact]":
        """This one and those after it."""
        fact: _Fact | None = self
        while fact is not None:
            yield fact
            fact = fact.next


class Mirror:
    """One pool's records. `apply` takes changes in; `project` hands out what clients should now see."""

    def __init__(self, *, projections: Mapping[str, Projection], pool_ref: str, pool_id: str) -> None:
        self.pool_ref = pool_ref
        self.pool_id = pool_id
        self._projections = projections
        self._rows: dict[str, Row] = {}
        self._dirty: dict[str, Row] = {}
        self._gone: list[Projected] = []
        self._absent: dict[str, Row | list[Row] | set[Row] | None] = {}
        self._uuids: dict[str, dict[str, Row]] = {}
        self._counts: dict[str, int] = {}
        self._compact = Compact(self._own_ref)
        self._look = _Look(self)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def pending(self) -> int:
        """How many records wait to be projected."""
        return len(self._dirty) + len(self._gone)

    def count(self, kind: str) -> int:
        """How many records of that class there are: compared with `valid_ref_counts`."""
        return self._counts.get(kind, 0)

    def knows(self, kind: str) -> bool:
        """Whether records of that class are kept at all."""
        return kind in RECORDS

    def shown(self) -> set[str]:
        """The ids of all objects that clients see of this pool."""
        return {row.shown for row in self._rows.values() if row.shown is not None}

    def refs(self, kind: str) -> list[str]:
        """Every ref of one class."""
        return [row.ref for row in self._rows.values() if row.kind == kind]

    def record(self, kind: type[R], ref: str) -> R | None:
        """One raw record, read by the watcher itself: nothing is noted."""
        row = self._rows.get(ref)
        return row.record if row is not None and isinstance(row.record, kind) else None

    def shown_as(self, ref: str) -> str | None:
        """The id by which clients know the object behind `ref`; None where they see none."""
        row = self._rows.get(ref)
        return None if row is None else row.shown

    def name_of(self, ref: str) -> str | None:
        """What people call the object behind `ref`: its name, or its class and uuid; None for an unknown ref."""
        row = self._rows.get(ref)
        if row is None:
            return None
        return getattr(row.record, "name_label", "") or f"{row.kind} {row.record.uuid or ref}"

    def records(self, kind: type[R]) -> list[R]:
        """Every raw record of a class whose records have uuids."""
        return [row.record for row in self.rows_by_uuid(kind).values() if isinstance(row.record, kind)]

    def clear(self) -> None:
        """Let go of everything. Rows refer to each other: only this, and no counting of references, frees them."""
        for row in self._rows.values():
            row.reads = row.kept = ()
            row.linkers = row.readers = row.facts = None
        self._rows.clear()
        self._dirty.clear()
        self._absent.clear()
        self._uuids.clear()
        self._compact.clear()
        self._look.begin(Row("", "", Record(), ""))

    def apply(self, events: Iterable[Event]) -> None:
        """Take changes in. Idempotent: `add` of a known record, `mod` of an unknown one, `del` twice are all fine."""
        for event in events:
            if event.record is None:
                self._remove(event.ref)
            else:
                self._upsert(event.kind, event.ref, event.record)

    def project(self, limit: int) -> list[Projected]:
        """Up to `limit` of the dirty records, projected. Call until `pending` is 0."""
        gone, self._gone = self._gone, []
        done = gone
        while self._dirty and len(done) < limit:
            _, row = self._dirty.popitem()
            done.append(self._project(row))
        return done

    def _own_ref(self, ref: str) -> str | None:
        row = self._rows.get(ref)
        return None if row is None else row.ref

    def _upsert(self, kind: str, ref: str, record: Record) -> None:
        row = self._rows.get(ref)
        if row is None:
            self._compact.share(kind, record)
            row = self._rows[ref] = Row(kind, ref, record, object_id(ref, record, self.pool_id))
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._appeared(row)
            if kind in self._projections:
                self._dirty[ref] = row
            return
        old = row.record
        record = row.record = renewed(old, record)
        if record is old:  # most of XAPI's `mod`s change fields nobody reads
            return
        shown_id = object_id(ref, record, self.pool_id)
        if kind in self._projections:
            self._dirty[ref] = row
        self._mark(row.readers)
        if row.facts is not None:
            for fact in row.facts.chain():
                value = fact.compute(record)
                if value != fact.value:
                    fact.value = value
                    self._mark(fact.readers)
        if row.id != shown_id or record.uuid != old.uuid:
            row.id = shown_id
            self._mark_linkers(row.linkers, ref)
            if (by_uuid := self._uuids.get(kind)) is not None:
                by_uuid.pop(old.uuid, None)
            self._appeared(row)

    def _appeared(self, row: Row) -> None:
        """Wake those who looked for this record before it was there."""
        if (by_uuid := self._uuids.get(row.kind)) is not None:
            by_uuid[row.record.uuid] = row
        if self._absent:
            for key in (row.ref, f"{row.kind}/{row.record.uuid}"):
                self._mark_linkers(self._absent.pop(key, None), row.ref)

    def _remove(self, ref: str) -> None:
        row = self._rows.pop(ref, None)
        if row is None:
            return
        self._counts[row.kind] -= 1
        self._dirty.pop(ref, None)
        if (by_uuid := self._uuids.get(row.kind)) is not None and by_uuid.get(row.record.uuid) is row:
            del by_uuid[row.record.uuid]
        for read in row.reads:
            self._forget(read, row)
        row.reads = row.kept = ()
        self._mark_linkers(row.linkers, ref)
        self._mark(row.readers)
        for fact in () if row.facts is None else row.facts.chain():
            self._mark(fact.readers)
        row.linkers = row.readers = row.facts = None  # rows refer to each other: without this they would never be freed
        if row.shown is not None:
            self._gone.append(Projected(ref, None, row.shown))

    def _mark(self, readers: "Row | list[Row] | set[Row] | None") -> None:
        if readers is None:
            return
        for row in (readers,) if isinstance(readers, Row) else readers:
            if row.ref in self._rows:
                self._dirty[row.ref] = row

    def _mark_linkers(self, readers: "Row | list[Row] | set[Row] | None", ref: str) -> None:
        """`_mark`, and what these have kept of their links to `ref` holds no more."""
        if readers is None:
            return
        for row in (readers,) if isinstance(readers, Row) else readers:
            row.kept = tuple([links.without(ref) for links in row.kept])
        self._mark(readers)

    def _project(self, row: Row) -> Projected:
        look = self._look
        look.begin(row)
        try:
            shown = self._projections[row.kind](row.ref, row.record, look)
        except Exception:  # one record that no rule foresaw must not cost the other 100,000
            log.exception("a record could not be projected", kind=row.kind, ref=row.ref, pool=self.pool_id)
            shown = None
        reads = tuple(look.reads)
        if reads != row.reads:
            kept = set(reads)
            for read in row.reads:
                if read not in kept:
                    self._forget(read, row)
            row.reads = reads
        row.kept = look.kept
        shown_id = None if shown is None else shown.id
        gone = row.shown if row.shown != shown_id else None
        row.shown = shown_id
        return Projected(row.ref, shown, gone)

    def _forget(self, read: "Row | str", reader: Row) -> None:
        if isinstance(read, str):
            left = _without(self._absent.get(read), reader)
            if left is None:
                self._absent.pop(read, None)
            else:
                self._absent[read] = left
            return
        read.linkers = _without(read.linkers, reader)
        read.readers = _without(read.readers, reader)
        if read.facts is not None:
            for fact in read.facts.chain():
                fact.readers = _without(fact.readers, reader)

    # what _Look needs

    def row(self, ref: str) -> Row | None:
        return self._rows.get(ref)

    def rows_by_uuid(self, kind: type[Record]) -> dict[str, Row]:
        """The rows of one class by uuid; the index is made when first asked for, and kept from then on."""
        name = kind.xapi_class.lower()
        found = self._uuids.get(name)
        if found is None:
            found = self._uuids[name] = {row.record.uuid: row for row in self._rows.values() if row.kind == name}
        return found

    def missed(self, key: str, reader: Row) -> None:
        """Note that `reader` looked for `key` (a ref, or `class/uuid`) in vain."""
        self._absent[key] = _with(self._absent.get(key), reader)


class _Look:
    """The Lookup of one projection at a time: reads, and notes what was read on the record itself."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._rows = mirror._rows  # noqa: SLF001 - one class in two halves; a method call per link is measurable
        self._reader = Row("", "", Record(), "")
        self.pool_id = mirror.pool_id
        self.pool_ref = mirror.pool_ref
        self.reads: list[Row | str] = []
        self.kept: tuple[_Links, ...] = ()

    def begin(self, reader: Row) -> None:
        self._reader = reader
        self.reads = []
        self.kept = ()

    def link(self, ref: str) -> str | UnsetType:
        row = self._rows.get(ref)
        if row is None:
            self._miss(ref)
            return UNSET
        self.reads.append(row)
        row.linkers = self._reader if row.linkers is None else _with(row.linkers, self._reader)
        return row.id

    def links(self, refs: Sequence[str]) -> tuple[str | None, ...]:
        if not refs:
            return ()
        # a row that changed once changes again, and most of its links stay: to see that touches none of their targets
        return self._kept_links(refs) if len(refs) >= _MANY or self._reader.reads else self._links(refs)

    def _kept_links(self, refs: Sequence[str]) -> tuple[str | None, ...]:
        """What was found last time serves again, but for the part of the list that changed since."""
        place = len(self.kept)
        old = self._reader.kept[place] if place < len(self._reader.kept) else _NO_LINKS
        if old.refs == refs:
            self.reads += old.reads
            self.kept += (old,)
            return old.ids
        start = len(self.reads)
        ids: list[str | None] = []
        done = 0
        for was, now, length in _runs(old.refs, refs):
            ids += self._links(refs[done:now])
            ids += old.ids[was : was + length]
            self.reads += old.reads[was : was + length]
            done = now + length
        ids += self._links(refs[done:])
        found = tuple(ids)
        if len(found) == len(refs):  # a null ref has neither a read nor an id: then places do not correspond
            self.kept += (_Links(tuple(refs), tuple(self.reads[start:]), found),)
        return found

    def _links(self, refs: Sequence[str]) -> tuple[str | None, ...]:
        found: list[str | None] = []
        rows, reader, reads = self._rows, self._reader, self.reads
        for ref in refs:
            row = rows.get(ref)
            if row is None:
                if not is_null(ref):
                    self._miss(ref)
                    found.append(None)
                continue
            reads.append(row)
            row.linkers = reader if row.linkers is None else _with(row.linkers, reader)
            found.append(row.id)
        return tuple(found)

    def record(self, kind: type[R], ref: str) -> R | None:
        row = self._rows.get(ref)
        if row is None:
            self._miss(ref)
            return None
        if not isinstance(row.record, kind):
            return None
        self.reads.append(row)
        row.readers = self._reader if row.readers is None else _with(row.readers, self._reader)
        return row.record

    def fact(self, kind: type[R], ref: str, fact: Callable[[R], T]) -> T | None:
        row = self._rows.get(ref)
        if row is None:
            self._miss(ref)
            return None
        if not isinstance(row.record, kind):
            return None
        self.reads.append(row)
        known = row.facts
        while known is not None and known.compute is not fact:
            known = known.next
        if known is None:
            known = row.facts = _Fact(fact, fact(row.record), row.facts)
        known.readers = self._reader if known.readers is None else _with(known.readers, self._reader)
        return known.value  # type: ignore[return-value]  # the fact's own value: keyed by the function that made it

    def find(self, kind: type[R], uuid: str) -> str | None:
        if not uuid:
            return None
        row = self._mirror.rows_by_uuid(kind).get(uuid)
        if row is None:
            key = f"{kind.xapi_class.lower()}/{uuid}"
            self._mirror.missed(key, self._reader)
            self.reads.append(key)
            return None
        self.reads.append(row)
        row.linkers = _with(row.linkers, self._reader)
        return row.ref

    def _miss(self, ref: str) -> None:
        if not is_null(ref):
            self._mirror.missed(ref, self._reader)
            self.reads.append(ref)


def _runs(old: Sequence[str | None], new: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Parts of `old` that are in `new`, in order: (place in old, place in new, length).

    Finds them where a few refs were added or left out, here and there; what comes after more edits than that is new.
    """
    was = now = 0
    for _ in range(_EDITS):
        length = sum(takewhile(truth, map(eq, islice(old, was, None), islice(new, now, None))))
        if length:
            yield was, now, length
        was, now = was + length, now + length
        if was >= len(old) or now >= len(new):
            return
        left_out = old[was + 1 : was + 2] == new[now : now + 1]
        added = old[was : was + 1] == new[now + 1 : now + 2]
        was, now = was + (left_out or not added), now + (added or not left_out)


def _with(readers: "Row | list[Row] | set[Row] | None", reader: Row) -> "Row | list[Row] | set[Row]":
    """`readers` with `reader` in it: one, a short list, then a set, since most rows have one or two readers."""
    if readers is None or readers is reader:
        return reader
    if isinstance(readers, Row):
        return [readers, reader]
    if isinstance(readers, set):
        readers.add(reader)
        return readers
    if reader in readers:
        return readers
    if len(readers) < _FEW:
        readers.append(reader)
        return readers
    return {*readers, reader}


def _without(readers: "Row | list[Row] | set[Row] | None", reader: Row) -> "Row | list[Row] | set[Row] | None":
    if readers is None or readers is reader:
        return None
    if isinstance(readers, set):
        readers.discard(reader)
    elif isinstance(readers, list) and reader in readers:
        readers.remove(reader)
    return readers or None if not isinstance(readers, Row) else readers
