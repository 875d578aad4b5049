"""Query: the rows of a list as a client wants them, from entries to bytes, without keeping anybody else waiting."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import msgspec

from podium.cache.entry import Entry
from podium.cache.fields import Fields
from podium.cache.filter import Filter
from podium.cache.order import Order
from podium.cache.turns import Turns
from podium.errors import BadRequest
from podium.services.access import Viewer

Form = Literal["json", "ndjson", "markdown"]
Sieve = Callable[[Sequence[Entry]], Iterable[Entry]]
"""Lets some rows through."""

FIRST_SLICE: Final = 100
"""The first rows leave at once."""
SLICE: Final = 500
MAX_FILTER_S: Final = 10.0
"""Processor time after which a filter is given up."""
_FIRST_STEP: Final = 4
_STEP: Final = 128
_TABLE_SLICE: Final = 50
_SORTED_AT_ONCE: Final = 1_000

_encoder: Final = msgspec.json.Encoder()
_encode: Final = _encoder.encode


@dataclass(frozen=True, slots=True)
class Query:
    """What a client asked of a list. `fields` None: only the addresses of the rows."""

    filter: Filter | None = None
    fields: Fields | None = None
    order: Order | None = None
    offset: int = 0
    limit: int | None = None
    form: Form = "json"
    granted: bool = False
    """The rows are what the viewer may see already."""


@dataclass(frozen=True, slots=True)
class Page:
    """The rows to answer with. `total`: how many there are before offset and limit."""

    entries: Sequence[Entry]
    total: int


async def select(entries: Sequence[Entry], query: Query, viewer: Viewer) -> Page:
    """The page of `entries` (by ascending id, never changed meanwhile) that the viewer may see. Raises BadRequest."""
    rows = entries
    sieve = _sieve(query.filter, None if query.granted else viewer, entries)
    if sieve is not None:
        rows = await _matching(entries, sieve)
    if query.order is not None:
        if len(rows) > _SORTED_AT_ONCE:
            rows = await asyncio.to_thread(query.order.sorted, rows)
        else:
            rows = query.order.sorted(rows)
    end = None if query.limit is None else query.offset + query.limit
    page = rows if query.offset == 0 and end is None else rows[query.offset : end]
    return Page(page, len(rows))


async def chunks(page: Page, query: Query) -> AsyncIterator[bytes]:
    """The body, in pieces. Between two pieces others get their turn."""
    if query.form == "markdown":
        async for chunk in _markdown(page.entries, query.fields):
            yield chunk
        return
    rows = _ROWS[query.form](query.fields)
    json = query.form == "json"
    head = b"[" if json else b""
    for start, end in _slices(len(page.entries)):
        yield head + rows(page.entries[start:end])
        head = b"," if json else b""
        await asyncio.sleep(0)
    if json:
        yield b"[]" if head == b"[" else b"]"


def _slices(count: int) -> Iterator[tuple[int, int]]:
    start, size = 0, FIRST_SLICE
    while start < count:
        yield start, start + size
        start += size
        size = SLICE


def _sieve(selected: Filter | None, viewer: Viewer | None, entries: Sequence[Entry]) -> Sieve | None:
    """What rows must pass; None: nothing.

    The privilege goes first: the time that a filter takes on rows that are not the viewer's would tell what is in them.
    """
    sees_all = viewer is None or all(
        map(viewer.sees_all, {entry.resource.privilege for entry in _one_of_each(entries)})
    )
    if selected is None:
        return None if sees_all or viewer is None else viewer.select
    matches, excludes = selected.matches, selected.excludes
    if sees_all and selected.has_needles:
        return partial(filter, lambda entry: not excludes(entry.body) and matches(entry.object))
    if sees_all or viewer is None:
        # the attribute, where it is there, saves a call
        return lambda rows: selected.select(rows, [entry.decoded or entry.object for entry in rows])
    return lambda rows: [entry for entry in viewer.select(rows) if not excludes(entry.body) and matches(entry.object)]


def _one_of_each(entries: Sequence[Entry]) -> Sequence[Entry]:
    # a whole collection is of one type; only short lists are mixed
    return entries[:1] if len(entries) > _SORTED_AT_ONCE and entries[0].resource is entries[-1].resource else entries


async def _matching(entries: Sequence[Entry], sieve: Sieve) -> list[Entry]:
    """The rows that pass. A filter can be anything, so the steps are as long as it lets them be."""
    found: list[Entry] = []
    start, step = 0, _FIRST_STEP
    with Turns() as turns:
        await turns.begin(len(entries))
        while start < len(entries):
            found += sieve(entries[start : start + step])
            start += step
            step = max(1, step // 2) if await turns.rest() else min(2 * step, _STEP)
            if turns.spent > MAX_FILTER_S:
                raise BadRequest("this filter takes too long on this many objects; begin it with a selective property")
    return found


def _json_rows(fields: Fields | None) -> Callable[[Sequence[Entry]], bytes]:
    if fields is None:
        return lambda entries: b",".join([entry.href_json for entry in entries])
    if fields.everything:
        return lambda entries: b",".join([entry.body for entry in entries])
    return lambda entries: _encode(_picked(entries, fields))[1:-1]


def _ndjson_rows(fields: Fields | None) -> Callable[[Sequence[Entry]], bytes]:
    if fields is None:
        return lambda entries: b"\n".join([entry.href_json for entry in entries]) + b"\n"
    if fields.everything:
        return lambda entries: b"\n".join([entry.body for entry in entries]) + b"\n"
    return lambda entries: _encoder.encode_lines(_picked(entries, fields))


_ROWS: Final = {"json": _json_rows, "ndjson": _ndjson_rows}


def _picked(entries: Sequence[Entry], fields: Fields) -> list[object]:
    maker = fields.row_maker
    if len({entry.resource.type for entry in entries}) > 1:
        return [maker(type(obj := entry.object))(obj, entry.href) for entry in entries]
    make = maker(type(entries[0].object))
    return [make(entry.decoded or entry.object, entry.href) for entry in entries]


async def _markdown(entries: Sequence[Entry], fields: Fields | None) -> AsyncIterator[bytes]:
    """A table, or a list of addresses, for language models. Columns are those of all rows, in the order they appear."""
    if not entries:
        yield b"No results."
        return
    if fields is None:
        yield "\n".join(entry.href for entry in entries).encode()
        return
    # twice over the rows, for to keep them all would cost more
    columns: dict[str, None] = {}  # Xen Orchestra has only the first row's, and loses what that one lacks
    for start in range(0, len(entries), _TABLE_SLICE):
        for entry in entries[start : start + _TABLE_SLICE]:
            columns.update(dict.fromkeys(_row(entry, fields)))
        await asyncio.sleep(0)
    yield f"{_line(map(_escaped, columns))}\n{_line('---' for _ in columns)}".encode()
    for start in range(0, len(entries), _TABLE_SLICE):
        rows = [_row(entry, fields) for entry in entries[start : start + _TABLE_SLICE]]
        lines = [_line(_cell(row.get(column)) for column in columns) for row in rows]
        yield ("\n" + "\n".join(lines)).encode("utf-8", "replace")
        await asyncio.sleep(0)


def _row(entry: Entry, fields: Fields) -> dict[str, object]:
    if fields.everything:
        whole: dict[str, object] = msgspec.json.decode(entry.plain)
        return whole
    return fields.pick(entry.object)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return _escaped(value if isinstance(value, str) else _encode(value).decode())


def _escaped(text: str) -> str:
    return " ".join(text.replace("|", "\\|").splitlines()) if text else ""
