"""From the bytes of an `rrd_updates` answer to rows of numbers (PROTOCOL.md 8.1).

Three forms are spoken: JSON with every number a string (xapi from 23.31 on), something like JSON5 with bare numbers and
bare NaN (before), and XML (servers that do not know `json`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final
from xml.etree.ElementTree import Element, ParseError

import msgspec
import numpy as np
import pyjson5
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from numpy.typing import NDArray

from podium.xapi.errors import XapiGarbage

Floats = NDArray[np.float32]
Values = Sequence[float] | Floats | msgspec.Raw

MAX_COLUMNS: Final = 200_000
"""A host runs at most 1,000 VMs, with some tens of data sources each. Each column is paid with a kilobyte of ours."""
MAX_ROWS: Final = 2_000
"""The largest archive has 366 rows. A reply with more is no RRD."""
MAX_STEP_S: Final = 366 * 86_400


class _Meta(msgspec.Struct):
    step: int
    end: int
    legend: msgspec.Raw


class _Row(msgspec.Struct):
    t: int
    values: msgspec.Raw


class _Answer(msgspec.Struct):
    meta: _Meta
    data: list[_Row]


_answer: Final = msgspec.json.Decoder(_Answer, strict=False)
_legend: Final = msgspec.json.Decoder(list[str])
# "lax" takes numbers written as strings, "NaN" and "Infinity" among them, and reads them twice as fast as float() does
_values: Final = msgspec.json.Decoder(list[float], strict=False)


@dataclass(frozen=True, slots=True)
class Update:
    """One answer. `step` and `end` are seconds by the host's clock.

    `legend` is the JSON array of column names, as bytes: who has seen the same bytes before needs not read it again.
    """

    step: int
    end: int
    legend: bytes
    _rows: Sequence[tuple[int, Values]]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def columns(self) -> list[str]:
        """The legend's entries, `<CF>:<host|vm|sr>:<uuid>:<data source>`."""
        try:
            names = _legend.decode(self.legend)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise XapiGarbage(f"the legend of an RRD is no list of names: {error}") from error
        if len(names) > MAX_COLUMNS:
            raise XapiGarbage(f"an RRD with {len(names)} data sources")
        return names

    def rows(self, width: int) -> Iterator[tuple[int, Floats]]:
        """The rows, oldest first, each with the end of its interval. One at a time, for all at once are large.

        `width`: how many values each must have. Raises XapiGarbage.
        """
        for time, values in reversed(self._rows):
            try:
                numbers = _values.decode(values) if isinstance(values, msgspec.Raw) else values
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise XapiGarbage(f"a row of an RRD holds what is no number: {error}") from error
            if len(numbers) != width:
                raise XapiGarbage(f"a row of an RRD has {len(numbers)} values for {width} names")
            with np.errstate(over="ignore"):  # what no float32 can hold is infinite, and then unknown
                yield time, np.array(numbers, np.float32)


def decode(body: bytes) -> Update:
    """The answer's rows. Raises XapiGarbage."""
    if body.lstrip()[:1] == b"<":
        found = _xml(body)
    else:
        try:
            answer = _answer.decode(body)
            rows = [(row.t, row.values) for row in answer.data]
            # a copy, for a view would keep the whole answer
            found = Update(answer.meta.step, answer.meta.end, bytes(answer.meta.legend), rows)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = _json5(body)
    if not 0 < found.step <= MAX_STEP_S or not 0 <= found.end < 2**40 or len(found) > MAX_ROWS:
        raise XapiGarbage("an RRD with an impossible step, end or number of rows")
    return found


def _json5(body: bytes) -> Update:
    try:
        whole = pyjson5.decode_utf8(body)
        meta = whole["meta"]
        legend = [str(one) for one in meta["legend"]]
        rows = [(int(row["t"]), [float(value) for value in row["values"]]) for row in whole["data"]]
        return Update(int(meta["step"]), int(meta["end"]), msgspec.json.encode(legend), rows)
    except (
        pyjson5.Json5Exception, ValueError, TypeError, KeyError, OverflowError, RecursionError
    ) as error:  # fmt: skip
        raise XapiGarbage(f"an RRD that is neither JSON nor JSON5: {str(error)[:200]}") from error


def _xml(body: bytes) -> Update:
    """Element by element, each forgotten at once: a tree of 100 MB of XML would be a gigabyte."""
    meta: dict[str, int] = {}
    legend: list[str] = []
    rows: list[tuple[int, Values]] = []
    try:
        for _, element in iterparse(BytesIO(body)):
            match element.tag:
                case "step" | "end":
                    meta[element.tag] = int(_text(element))
                case "entry":
                    legend.append(_text(element))
                case "row":
                    values = np.array([float(_text(one)) for one in element.iterfind("v")], np.float32)
                    rows.append((int(_text(element.find("t"))), values))
                    element.clear()
        return Update(meta["step"], meta["end"], msgspec.json.encode(legend), rows)
    except (ParseError, DefusedXmlException, ValueError, KeyError, OverflowError) as error:
        raise XapiGarbage(f"an RRD in XML that cannot be read: {str(error)[:200]}") from error


def _text(element: Element | None) -> str:
    return "" if element is None else element.text or ""
