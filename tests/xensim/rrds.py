"""A pool whose time stands still until a test moves it, and readers of what its hosts measured."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

import numpy as np
from defusedxml.ElementTree import fromstring

import xensim
from tests.xensim import transfers
from tests.xensim.caller import Caller
from tests.xensim.transfers import Answer
from xensim import Sim
from xensim.clock import Clock

NOON = 1_795_305_607.0  # of a Sunday, and seven seconds
STEPS = (5, 60, 3600, 86400)


@asynccontextmanager
async def measured(*, hosts: int = 2, vms: int = 20, seed: int = 1) -> AsyncIterator[Caller]:
    """A served pool at NOON, and a client that is logged in."""
    async with xensim.serve(
        hosts=hosts, vms=vms, seed=seed, tls=False, pace=0.0, login_penalty_s=0.0, clock=Clock(lambda: NOON)
    ) as sim:
        yield await Caller(sim).login()


@dataclass(frozen=True)
class Rows:
    """A table of measurements: what was measured at each time, by legend (`AVERAGE:vm:<uuid>:cpu0`) or source."""

    start: int
    step: int
    end: int
    times: list[int]
    columns: dict[str, list[float]]

    def at(self, time: int) -> dict[str, float]:
        place = self.times.index(time)
        return {name: values[place] for name, values in self.columns.items()}

    def of(self, owner: str, cf: str = "AVERAGE") -> dict[str, list[float]]:
        """The columns of one owner (a uuid) by source."""
        found = {}
        for name, values in self.columns.items():
            consolidation, _kind, uuid, source = name.split(":")
            if (consolidation, uuid) == (cf, owner):
                found[source] = values
        return found


async def updates(caller: Caller, at: str = "", /, **query: object) -> Rows:
    """What a host (a ref, the coordinator by default) answers to /rrd_updates in JSON."""
    answer = await ask(caller, "/rrd_updates", at, json="true", **query)
    assert answer.status == 200, answer
    return read(json.loads(answer.body))


async def ask(caller: Caller, path: str, at: str = "", accept: str = "*/*", /, **query: object) -> Answer:
    """A request to a host, in our session; a query parameter that is a list is given several times."""
    sim = caller.sim
    address = str(sim.db.field("host", at, "address")) if at else sim.coordinator
    target = f"{path}?{urlencode({'session_id': caller.session} | query, doseq=True)}"
    headers = ["Connection: close", f"Accept: {accept}"]
    return await transfers.ask(sim, f"GET {target} HTTP/1.1", headers, address=address)


def read(document: dict[str, Any]) -> Rows:
    meta, data = document["meta"], document["data"]
    assert int(meta["rows"]) == len(data)
    assert int(meta["columns"]) == len(meta["legend"]) == len(set(meta["legend"]))
    table = [[float(value) for value in row["values"]] for row in data]
    assert all(len(row) == len(meta["legend"]) for row in table)
    return Rows(
        int(meta["start"]), int(meta["step"]), int(meta["end"]), [int(row["t"]) for row in data],
        {name: [row[at] for row in table] for at, name in enumerate(meta["legend"])},
    )  # fmt: skip


def read_xml(body: bytes) -> Rows:
    root = fromstring(body)
    legend = [str(entry.text) for entry in root.iter("entry")]
    table = [[float(str(value.text)) for value in row.iter("v")] for row in root.iter("row")]
    times = [int(number(row, "t")) for row in root.iter("row")]
    meta = root.find("meta")
    assert meta is not None
    assert (number(meta, "rows"), number(meta, "columns")) == (len(table), len(legend))
    return Rows(
        int(number(meta, "start")), int(number(meta, "step")), int(number(meta, "end")), times,
        {name: [row[at] for row in table] for at, name in enumerate(legend)},
    )  # fmt: skip


def number(element: Element, tag: str) -> float:
    found = element.find(tag)
    assert found is not None
    return float(str(found.text))


Dumped = dict[tuple[int, str], Rows]  # by step and consolidation


def read_dump(document: dict[str, Any]) -> Dumped:
    """A full RRD in JSON."""
    names = [source["name"] for source in document["ds"]]
    return {
        (int(rra["pdp_per_row"]) * 5, rra["cf"]): _kept(
            names, int(rra["pdp_per_row"]) * 5, float(document["lastupdate"]), rra["database"]
        )
        for rra in document["rra"]
    }


def read_xml_dump(body: bytes) -> Dumped:
    root = fromstring(body)
    names = [str(source.text) for source in root.findall("ds/name")]
    last = number(root, "lastupdate")
    found = {}
    for rra in root.findall("rra"):
        step = int(number(rra, "pdp_per_row")) * 5
        rows = [[str(value.text) for value in row.findall("v")] for row in rra.findall("database/row")]
        found[step, str(rra.findtext("cf"))] = _kept(names, step, last, rows)
    return found


def _kept(names: list[str], step: int, last: float, database: list[list[str]]) -> Rows:
    end = int(last) // step * step
    times = [end - at * step for at in range(len(database))]
    table = [[float(value) for value in row] for row in reversed(database)]
    columns = {name: [row[at] for row in table] for at, name in enumerate(names)}
    return Rows(times[-1], step, end, times, columns)


def same(one: list[float], other: list[float]) -> bool:
    """Equal to the last digit, unknown where the other is."""
    return bool(np.array_equal(np.array(one), np.array(other), equal_nan=True))


def uuid(sim: Sim, cls: str, ref: str) -> str:
    return str(sim.db.field(cls, ref, "uuid"))


def guests(sim: Sim, state: str = "Running") -> list[str]:
    """VMs in a state, control domains aside; live ones of the coordinator only."""
    home = sim.pool.coordinator
    return [
        ref
        for ref, row in sim.db.rows("VM").items()
        if row.record["power_state"] == state
        and not (row.record["is_control_domain"] or row.record["is_a_template"] or row.record["is_a_snapshot"])
        and (row.record["resident_on"] == home or state in {"Halted", "Suspended"})
    ]
