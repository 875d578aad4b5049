"""Data sources by the API: listed, queried, recorded and forgotten."""

import json
from math import isnan
from typing import Any

import numpy as np
import pytest

from tests.xensim.caller import Caller
from tests.xensim.rrds import ask, guests, measured, read_dump, updates, uuid
from tests.xensim.transfers import Answer
from xensim.failures import XapiFailure

UNKNOWN = ["INTERNAL_ERROR", 'IDL Error: [S(Rrdd_internal_error);S(Rrd.Invalid_data_source("frob"))]']


async def _fails(caller: Caller, method: str, *params: object) -> list[str]:
    with pytest.raises(XapiFailure) as caught:
        await caller.call(method, *params)
    return caught.value.description


async def test_an_optional_source_is_recorded_from_when_it_is_asked_for() -> None:
    async with measured() as caller:
        sim = caller.sim
        vm = guests(sim)[0]
        owner = uuid(sim, "VM", vm)
        listed = {each["name_label"]: each for each in await caller.call("VM.get_data_sources", vm)}
        assert {name for name, each in listed.items() if each["enabled"]} == set(
            (await updates(caller, start=-10)).of(owner)
        )
        states = {name for name in listed if name.startswith("runstate_")}
        assert len(states) == 6
        assert not any(listed[name]["enabled"] for name in states)
        assert (await _fails(caller, "VM.query_data_source", vm, "runstate_blocked"))[0] == "INTERNAL_ERROR"
        for name in states:
            await caller.call("VM.record_data_source", vm, name)
        sim.pool.clock.advance(33)
        rows = await updates(caller, start=-60)
        shown = rows.of(owner)
        assert shown.keys() >= states
        assert sum(shown[name][0] for name in states) == pytest.approx(1.0, abs=1e-5)
        for name in states:
            known = [at for at, value in enumerate(shown[name]) if not isnan(value)]
            assert known == list(range(len(known)))
            assert 5 <= len(known) <= 7
        assert not isnan(shown["memory"][-1])
        assert await caller.call("VM.query_data_source", vm, "runstate_blocked") == shown["runstate_blocked"][0]
        whole = read_dump(_json(await ask(caller, "/vm_rrd", uuid=owner, json="true")))
        assert whole[5, "AVERAGE"].columns.keys() >= states


async def test_forgotten_archives_are_gone_until_recorded_again() -> None:
    async with measured() as caller:
        sim = caller.sim
        vm, home = guests(sim)[0], sim.pool.coordinator
        for cls, ref, source, owner in (
            ("VM", vm, "memory", uuid(sim, "VM", vm)),
            ("host", home, "loadavg", uuid(sim, "host", home)),
        ):
            assert source in (await updates(caller, start=-10, host="true")).of(owner)
            await caller.call(f"{cls}.forget_data_source_archives", ref, source)
            assert source not in (await updates(caller, start=-10, host="true")).of(owner)
            listed = {each["name_label"]: each for each in await caller.call(f"{cls}.get_data_sources", ref)}
            assert listed[source]["enabled"] is False
            await caller.call(f"{cls}.record_data_source", ref, source)
            sim.pool.clock.advance(20)
            values = (await updates(caller, start=-60, host="true")).of(owner)[source]
            assert not isnan(values[0])
            assert isnan(values[-1])
            assert await _fails(caller, f"{cls}.record_data_source", ref, "frob") == UNKNOWN
            assert await _fails(caller, f"{cls}.forget_data_source_archives", ref, "frob") == UNKNOWN
            assert await _fails(caller, f"{cls}.query_data_source", ref, "frob") == UNKNOWN


async def test_queries_answer_the_newest_measurement() -> None:
    async with measured() as caller:
        sim = caller.sim
        vm, home = guests(sim)[0], sim.pool.coordinator
        rows = await updates(caller, start=-5, host="true")
        for name, values in rows.of(uuid(sim, "VM", vm)).items():
            assert await caller.call("VM.query_data_source", vm, name) == np.float32(values[0])
        shown = rows.of(uuid(sim, "host", home))
        for name in ("cpu0", "cpu_avg", "memory_free_kib", "pif_aggr_rx"):
            assert await caller.call("host.query_data_source", home, name) == np.float32(shown[name][0])


async def test_errors_of_ports_are_sources_that_nobody_records_at_first() -> None:
    async with measured() as caller:
        home = caller.sim.pool.coordinator
        owner = uuid(caller.sim, "host", home)
        assert "pif_eth0_rx_errors" not in (await updates(caller, start=-10, host="true")).of(owner)
        for source in ("pif_eth0_rx_errors", "CPU0-avg-freq", "cpu0-C0"):
            await caller.call("host.record_data_source", home, source)
        caller.sim.pool.clock.advance(10)
        shown = (await updates(caller, start=-5, host="true")).of(owner)
        assert shown["pif_eth0_rx_errors"] == [0.0]
        assert 800 <= shown["CPU0-avg-freq"][0] <= 2294
        assert 0 <= shown["cpu0-C0"][0] <= 1


async def test_sources_of_vms_that_do_not_run() -> None:
    async with measured() as caller:
        vm = guests(caller.sim, "Halted")[0]
        assert await caller.call("VM.get_data_sources", vm)
        assert (await _fails(caller, "VM.query_data_source", vm, "memory"))[0] == "VM_BAD_POWER_STATE"
        assert (await _fails(caller, "VM.record_data_source", vm, "memory"))[0] == "VM_BAD_POWER_STATE"


async def test_ha_and_intellicache_bring_sources_of_their_own() -> None:
    async with measured() as caller:
        sim, home = caller.sim, caller.sim.pool.coordinator
        local = sim.db.by_name("SR", "Local storage")
        sr = local[0] if local else next(iter(sim.db.refs("SR")))
        sim.set("host", home, local_cache_sr=sr)
        sim.set("pool", sim.pool.ref, ha_enabled=True)
        listed = {each["name_label"]: each for each in await caller.call("host.get_data_sources", home)}
        cache = uuid(sim, "SR", sr)
        assert listed[f"sr_{cache}_cache_size"]["enabled"]
        assert listed.keys() >= {"network/latency", "xapi_healthcheck/latency", f"sr_{cache}_cache_hits"}
        assert not listed["network/latency"]["enabled"]
        await caller.call("host.record_data_source", home, "network/latency")
        sim.pool.clock.advance(10)
        shown = (await updates(caller, start=-5, host="true")).of(uuid(sim, "host", home))
        assert shown["network/latency"][0] > 0


async def test_an_sr_is_measured_once_a_plugin_does() -> None:
    async with measured() as caller:
        sim = caller.sim
        sr = sim.db.by_name("SR", "NFS vm-store")[0]
        owner = uuid(sim, "SR", sr)
        assert await caller.call("SR.get_data_sources", sr) == []
        assert await _fails(caller, "SR.query_data_source", sr, "frob") == UNKNOWN
        assert await _fails(caller, "SR.record_data_source", sr, "frob") == UNKNOWN
        assert (await ask(caller, "/sr_rrd", uuid=owner)).status == 500

        sim.pool.statistics.roster.plug(sr, {"reads": 5000.0, "queue": 8.0})
        sim.pool.clock.advance(30)
        assert [each["name_label"] for each in await caller.call("SR.get_data_sources", sr)] == ["queue", "reads"]
        rows = await updates(caller, start=-60, sr_uuid=owner, vm_uuid="none")
        assert list(rows.columns) == [f"AVERAGE:sr:{owner}:reads", f"AVERAGE:sr:{owner}:queue"]
        reads = rows.of(owner)["reads"]
        assert 0 < reads[0] <= 5000
        assert isnan(reads[-1])
        assert await caller.call("SR.query_data_source", sr, "reads") == np.float32(reads[0])
        whole = read_dump(_json(await ask(caller, "/sr_rrd", uuid=owner, json="true")))[5, "AVERAGE"]
        assert whole.columns["reads"][0] == reads[0]
        assert not any(":sr:" in name for name in (await updates(caller, start=-60)).columns)
        await caller.call("SR.forget_data_source_archives", sr, "queue")
        assert len((await updates(caller, start=-60, sr_uuid=owner, vm_uuid="none")).columns) == 1


def _json(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.body)
    return found
