"""Results made of rows, written from the bytes that the rows keep."""

from collections.abc import Iterable

from xensim.database import Row
from xensim.xmlrpc import struct, value_of_row


class Records:
    """Rows as a map from ref to record."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows

    def json(self) -> list[bytes]:
        pieces = [b"{"]
        for row in self._rows:
            pieces += (b'"%b":' % row.ref.encode(), row.json, b",")
        return [*(pieces[:-1] if len(pieces) > 1 else pieces), b"}"]

    def xml(self) -> str:
        return struct((row.ref, value_of_row(row)) for row in self._rows)


class Record:
    """One row's record."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def json(self) -> list[bytes]:
        return [self._row.json]

    def xml(self) -> str:
        return value_of_row(self._row)
