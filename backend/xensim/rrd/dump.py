"""A whole RRD in XML, as rrdtool writes it, or in JSON. Source: PROTOCOL.md 8.2, wire/09-014 to 09-016, 10-011."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from math import isnan
from time import perf_counter

from xensim.rrd import encode
from xensim.rrd.archives import HEARTBEAT, STEP
from xensim.rrd.encode import SLICE_S, number
from xensim.rrd.sources import Described, describe
from xensim.rrd.statistics import Kept

_VERSION = "0003"
_PREPARED = ("primary_value", "secondary_value", "value")


@dataclass(frozen=True, slots=True)
class Dump:
    """`owner`: vm, host or sr; `names`: of its sources, in order; `kept`: its archives, the finest first."""

    owner: str
    last_update: float
    names: Sequence[str]
    kept: Sequence[Kept]


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    described: Described
    last: str
    value: str


async def xml(dump: Dump) -> AsyncIterator[bytes]:
    """In pieces; others run between them."""
    sources = _sources(dump)
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rrd><version>{_VERSION}</version><step>{STEP}</step>'
        f"<lastupdate>{int(dump.last_update)}</lastupdate>{''.join(map(_xml_source, sources))}"
    ).encode()
    zeros = "".join(f"<{name}>0.0</{name}>" for name in _PREPARED)
    prepared = f"<ds>{zeros}<unknown_datapoints>0</unknown_datapoints></ds>" * len(sources)
    for kept in dump.kept:
        yield (
            f"<rra><cf>{kept.cf}</cf><pdp_per_row>{kept.archive.per_row}</pdp_per_row>"
            f"<params><xff>{number(kept.xff)}</xff></params><cdp_prep>{prepared}</cdp_prep><database>"
        ).encode()
        async for row, _first in _rows(kept):
            yield f"<row>{encode.values(row, 'xml')}</row>".encode()
        yield b"</database></rra>"
    yield b"</rrd>"


async def json(dump: Dump) -> AsyncIterator[bytes]:
    """In pieces; others run between them."""
    sources = _sources(dump)
    updated = f"{dump.last_update:.15g}"
    yield (
        f'{{"version":"{_VERSION}","step":"{STEP}","lastupdate":"{updated}",'
        f'"ds":[{",".join(_json_source(each, updated) for each in sources)}],"rra":['
    ).encode()
    zeros = ",".join(f'"{name}":"0.0"' for name in _PREPARED)
    prepared = ",".join([f'{{{zeros},"unknown_datapoints":"0"}}'] * len(sources))
    for at, kept in enumerate(dump.kept):
        yield (
            f'{"," if at else ""}{{"cf":"{kept.cf}","pdp_per_row":"{kept.archive.per_row}",'
            f'"params":{{"xff":"{number(kept.xff)}"}},"cdp_prep":{{"ds":[{prepared}]}},"database":['
        ).encode()
        async for row, first in _rows(kept):
            yield f"{'' if first else ','}[{encode.values(row, 'json')}]".encode()
        yield b"]}"
    yield b"]}"


async def _rows(kept: Kept) -> AsyncIterator[tuple[list[float], bool]]:
    """The rows, and whether each is the first."""
    started = perf_counter()
    for at, row in enumerate(kept.rows):
        yield row.tolist(), at == 0
        if perf_counter() - started > SLICE_S:
            await asyncio.sleep(0)
            started = perf_counter()


def _sources(dump: Dump) -> list[_Source]:
    """What was read last, and what has come in since the newest row; counters begin anew every 2^20 seconds."""
    found = []
    since = dump.last_update % STEP
    for name, value in zip(dump.names, dump.kept[0].rows[-1].tolist(), strict=True):
        described = describe(dump.owner, name)
        if described.kind == "GAUGE" or isnan(value):
            found.append(_Source(name, described, number(value), number(value)))
        else:
            counter = int(value * (dump.last_update % (1 << 20)))
            found.append(_Source(name, described, str(counter), number(value * since)))
    return found


def _xml_source(source: _Source) -> str:
    described = source.described
    return (
        f"<ds><name>{source.name}</name><type>{described.kind}</type>"
        f"<minimal_heartbeat>{HEARTBEAT}</minimal_heartbeat><min>0.0</min><max>{number(described.most)}</max>"
        f"<last_ds>{source.last}</last_ds><value>{source.value}</value><unknown_sec>0</unknown_sec></ds>"
    )


def _json_source(source: _Source, updated: str) -> str:
    described = source.described
    return (
        f'{{"name":"{source.name}","type":"{described.kind}","minimal_heartbeat":"{HEARTBEAT}","min":"0.0",'
        f'"max":"{number(described.most)}","last_ds":"{source.last}","value":"{source.value}","unknown_sec":"0.0",'
        f'"last_updated":"{updated}"}}'
    )
