"""Searching the log: what a list of it asks for, found page by page and never held as a whole."""

from collections.abc import AsyncIterator
from typing import Final

from podium.cache.entry import Entry
from podium.cache.order import Order
from podium.cache.turns import Turns
from podium.errors import BadRequest
from podium.model.audit import RESOURCE
from podium.services.audit.reading import AuditReader
from podium.services.query import MAX_FILTER_S, Query

SORTED: Final = 10_000
"""So many records are put into another order than that of time at most."""


class Found:
    """The records that a query selects. `total`: how many there are before offset and limit."""

    def __init__(self, reader: AuditReader, query: Query, *, through: int, oldest_first: bool = False) -> None:
        self._reader = reader
        self._query = query
        self._through = through
        self._oldest_first = oldest_first

    async def total(self) -> int:
        """Raises BadRequest when the filter takes too long."""
        if self._query.filter is None:
            return await self._reader.count(through=self._through)
        return sum([len(page) async for page in self._matching()])

    async def pages(self) -> AsyncIterator[list[Entry]]:
        """In pieces, without those before the offset and after the limit. Raises BadRequest."""
        skip, left = self._query.offset, self._query.limit
        async for found in self._ordered():
            page = found[skip:]
            skip -= min(skip, len(found))
            if left is not None:
                page = page[:left]
                left -= len(page)
            if page:
                yield page
            if left == 0:
                return

    async def _ordered(self) -> AsyncIterator[list[Entry]]:
        order: Order | None = self._query.order
        if order is None:
            async for page in self._matching():
                yield page
            return
        every: list[Entry] = []
        async for page in self._matching():
            every += page
            if len(every) > SORTED:
                raise BadRequest(f"at most {SORTED} records are sorted by anything but time: say which with a filter")
        yield order.sorted(every)

    async def _matching(self) -> AsyncIterator[list[Entry]]:
        """Filters take as long as they take: others get their turn, and it ends."""
        wanted = self._query.filter
        with Turns() as turns:
            async for records in self._reader.pages(through=self._through, oldest_first=self._oldest_first):
                turns.resume()
                found = []
                for record in records:
                    if wanted is None or wanted.matches(record):
                        found.append(Entry.of(RESOURCE, record, 0))
                    await turns.rest()
                    if turns.spent > MAX_FILTER_S:
                        raise BadRequest("this filter takes too long on this many records")
                turns.pause()
                yield found
