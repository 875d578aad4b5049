"""Replies to `/rrd_updates` in XML, in JSON, and in the JSON5 of older servers. Source: PROTOCOL.md 8.1."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import lru_cache
from time import perf_counter
from typing import Literal

from xensim.rrd.waves import Values

Form = Literal["xml", "json", "old"]

SLICE_S = 0.005  # after so much work others run
_CHUNK = 4096  # values formatted at once

_SEPARATORS: dict[Form, tuple[str, str, str]] = {
    "xml": ("<v>%.15g</v>", "", "<v>{}</v>"),
    "json": ('"%.15g"', ",", '"{}"'),
    "old": ("%.15g", ",", "{}"),
}
_ENTRIES: dict[Form, tuple[str, str]] = {"xml": ("<entry>%s</entry>", ""), "json": ('"%s"', ","), "old": ('"%s"', ",")}


def legend(prefix: str, names: Sequence[str], form: Form) -> bytes:
    """A piece of a legend: `names` behind `AVERAGE:vm:<uuid>:`."""
    entry, between = _ENTRIES[form]
    return between.join(entry % (prefix + name) for name in names).encode()


def join(pieces: Sequence[bytes], form: Form) -> bytes:
    """Pieces of a legend or of a row as one; empty ones leave no trace."""
    return _ENTRIES[form][1].encode().join(piece for piece in pieces if piece)


def values(numbers: Sequence[float], form: Form) -> str:
    """Numbers as they stand in a row: `%0.15g`, zero is 0.0, and NaN. Source: PROTOCOL.md 8.1."""
    text = _format(len(numbers), form) % tuple(numbers)
    if form == "old":
        return ",".join(_bare(word) for word in text.split(","))
    left, right = ("<v>", "</v>") if form == "xml" else ('"', '"')
    for word, spelled in (("0", "0.0"), ("-0", "-0.0"), ("nan", "NaN"), ("inf", "Infinity"), ("-inf", "-Infinity")):
        text = text.replace(f"{left}{word}{right}", f"{left}{spelled}{right}")
    return text


def number(value: float) -> str:
    """One number as it stands in a dump."""
    return _bare(f"{value:.15g}")


def _bare(word: str) -> str:
    return {"0": "0.0", "-0": "-0.0", "nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(word, word)


@lru_cache(256)
def _format(count: int, form: Form) -> str:
    each, between, _ = _SEPARATORS[form]
    return between.join([each] * count)


async def body(
    form: Form, meta: dict[str, int], entries: bytes, ends: Sequence[int], rows: Iterator[Values]
) -> list[bytes]:
    """A whole reply in pieces; others run between its rows. `meta`: start, step, end, rows, columns, in this order."""
    pieces = [_head(form, meta, entries)]
    started = perf_counter()
    for at, (end, row) in enumerate(zip(ends, rows, strict=True)):
        pieces.append(_opening(form, end, first=at == 0))
        for first in range(0, row.size, _CHUNK):
            if first and form != "xml":
                pieces.append(b",")
            pieces.append(values(row[first : first + _CHUNK].tolist(), form).encode())
            if perf_counter() - started > SLICE_S:
                await asyncio.sleep(0)
                started = perf_counter()
        pieces.append(b"</row>" if form == "xml" else b"]}")
    pieces.append(b"</data></xport>" if form == "xml" else b"]}")
    return pieces


def _head(form: Form, meta: dict[str, int], entries: bytes) -> bytes:
    if form == "xml":
        tags = "".join(f"<{name}>{value}</{name}>" for name, value in meta.items())
        first = f'<?xml version="1.0" encoding="UTF-8"?>\n<xport><meta>{tags}<legend>'
        return first.encode() + entries + b"</legend></meta><data>"
    if form == "json":
        members = "".join(f'"{name}":"{value}",' for name, value in meta.items())
        return f'{{"meta":{{{members}"legend":['.encode() + entries + b']},"data":['
    members = "".join(f"{name}:{value}," for name, value in meta.items())
    return f"{{meta: {{{members}legend:[".encode() + entries + b"]},data:["


def _opening(form: Form, end: int, *, first: bool) -> bytes:
    if form == "xml":
        return f"<row><t>{end}</t>".encode()
    between = "" if first else ","
    return (f'{between}{{"t":"{end}","values":[' if form == "json" else f"{between}{{t:{end},values:[").encode()
