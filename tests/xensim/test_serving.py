"""Serving a pool: the same for the same seed, from a file, from the command line until it is told to stop."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

import xensim
from tests.xensim.caller import Caller
from tests.xensim.wire import FOLDER, exchange
from xensim import Sim, files
from xensim.schema import load

GOLDEN = FOLDER.parents[1] / "xo" / "golden" / "records.json.gz"
ROOT = Path(__file__).resolve().parents[2]


def lasting(sim: Sim) -> files.Records:
    """All records but sessions, and certificates, which are new each time a pool is served."""
    records = files.snapshot(sim.db)
    return {cls: rows for cls, rows in records.items() if cls not in ("session", "Certificate")}


@pytest.mark.parametrize("name", ["pool.json", "pool.json.gz"])
async def test_a_dumped_pool_can_be_served_again(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    async with xensim.serve(hosts=2, vms=3, tls=False) as sim:
        sim.dump(path)
        before = lasting(sim)
    async with xensim.serve(load=path, tls=False) as sim:
        assert lasting(sim) == before
        assert await (await Caller(sim).login()).call("pool.get_all") == [sim.pool.ref]


@pytest.mark.skipif(not GOLDEN.is_file(), reason="the reference pool (../shared/xo/golden) is not here")
async def test_the_reference_pool_is_served_on_loopback_addresses() -> None:
    async with xensim.serve(load=GOLDEN, tls=False) as sim:
        caller = await Caller(sim).login()
        records = await caller.call("host.get_all_records")
        assert sorted(record["address"] for record in records.values()) == sorted(sim.addresses)
        assert len(await caller.call("VM.get_all")) == sim.db.count("VM")


async def test_hosts_that_are_down_do_not_listen(tmp_path: Path) -> None:
    path = tmp_path / "pool.json"
    async with xensim.serve(hosts=2, vms=0, tls=False) as sim:
        down = next(ref for ref in sim.db.refs("host") if ref != sim.pool.coordinator)
        sim.set("host_metrics", str(sim.db.field("host", down, "metrics")), live=False)
        sim.dump(path)
    async with xensim.serve(load=path, tls=False) as sim:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(sim.addresses[1], sim.port)


async def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    dump = tmp_path / "records.json"
    command = ["-m", "xensim", "--hosts", "2", "--vms", "4", "--port", "0", "--churn", "50", "--no-tls"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, "--dump", str(dump), cwd=ROOT / "backend", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    assert line.startswith("xensim ready on http://127.0.0.1:")
    assert line.endswith("(2 hosts, 4 VMs)\n")
    assert dump.stat().st_size > 10_000
    body = b'{"method":"session.login_with_password","params":["root","xensim"],"id":1}'
    head = b"POST /jsonrpc HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    port = int(line.split("127.0.0.1:")[1].split()[0])
    assert (await exchange("127.0.0.1", port, head + body)).body.startswith('{"result":"OpaqueRef:')
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_the_command_serves_several_pools_on_addresses_of_their_own() -> None:
    command = ["-m", "xensim", "--pools", "2", "--hosts", "2", "--vms", "1", "--port", "0", "--no-tls"]
    command += ["--address", "127.0.6.1"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT / "backend", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [(await asyncio.wait_for(process.stdout.readline(), 30)).decode() for _ in range(2)]
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert [line.split(":")[1] for line in lines] == ["//127.0.6.1", "//127.0.6.3"]
    assert all(line.endswith("(2 hosts, 1 VMs)\n") for line in lines)


async def test_records_of_a_pool_are_not_for_several(tmp_path: Path) -> None:
    command = ["-m", "xensim", "--pools", "2", "--dump", str(tmp_path / "x.json")]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT / "backend", stderr=asyncio.subprocess.PIPE
    )
    assert b"of one pool" in (await process.communicate())[1]
    assert process.returncode == 2


def test_the_schema_knows_types_defaults_and_relations() -> None:
    schema = load()
    vm = schema.classes["VM"]
    assert vm.fields["power_state"].default_value() == "Halted"
    assert vm.fields["snapshot_time"].default_value() == "19700101T00:00:00Z"
    assert vm.fields["VCPUs_params"].type.kind == "map"
    assert vm.fields["affinity"].default_value() == "OpaqueRef:NULL"
    assert vm.reverse["VBDs"].cls == "VBD"
    assert schema.classes["VBD"].forward["VM"].field == "VBDs"
    assert schema.classes["VM"].forward["groups"].many
    assert schema.by_lower["vm_guest_metrics"] == "VM_guest_metrics"
    assert all(
        field.default_value() is not None
        for cls in schema.classes.values()
        for field in cls.fields.values()
        if field.type.kind != "option" and cls.in_db
    )


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the data model (../shared/xapi) is not here")
async def test_the_schema_is_what_the_data_model_generates() -> None:
    tool, model = ROOT / "tools" / "gen_xensim_schema.py", FOLDER.parent / "datamodel.json"
    process = await asyncio.create_subprocess_exec(sys.executable, str(tool), "--check", "--datamodel", str(model))
    assert await process.wait() == 0
