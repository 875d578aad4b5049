"""Clients that others wrote against real pools: XenAPI from PyPI over XML-RPC, xen-api from npm over JSON-RPC."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import XenAPI

import xensim
from tests.xensim.transfers import MIB, content, new_disk, scatter
from xensim import Sim

NODE = Path(__file__).parent / "node"


def a_halted_vm(sim: Sim) -> str:
    return next(
        ref
        for ref, row in sim.db.rows("VM").items()
        if row.record["power_state"] == "Halted"
        and not (row.record["is_a_template"] or row.record["is_a_snapshot"] or row.record["is_control_domain"])
    )


def _as_an_administrator(url: str, vm: str) -> dict[str, Any]:
    """What a script with the official client does; it blocks."""
    session = XenAPI.Session(url, ignore_ssl=True)
    try:
        session.login_with_password("root", "xensim", "2.23", "tests")
        api = session.xenapi
        token = api.event_from(["vm"], "", 5.0)["token"]
        api.VM.set_name_label(vm, "named by Python")
        batch = api.event_from(["vm"], token, 5.0)
        task = session.xenapi.Async.VM.start(vm, False, False)
        while api.task.get_status(task) == "pending":
            pass
        try:
            api.VM.start(vm, False, False)
        except XenAPI.Failure as error:
            refusal = error.details
        found = {
            "names": [event["snapshot"]["name_label"] for event in batch["events"]],
            "vms": sorted(api.VM.get_all_records()),
            "state": api.VM.get_power_state(vm),
            "task": api.task.get_status(task),
            "memory": api.VM.get_memory_static_max(vm),
            "refusal": refusal,
        }
        session.logout()
    finally:
        session("close")()
    return found


async def test_the_official_python_client_reads_calls_and_watches() -> None:
    async with xensim.serve(hosts=2, vms=4, pace=0.0) as sim:
        vm = a_halted_vm(sim)
        found = await asyncio.to_thread(_as_an_administrator, sim.url, vm)
        assert found["names"] == ["named by Python"]
        assert found["vms"] == sorted(sim.db.refs("VM"))
        assert (found["state"], found["task"]) == ("Running", "success")
        assert found["memory"] == str(sim.db.field("VM", vm, "memory_static_max"))  # ints are text in XML-RPC
        assert found["refusal"] == ["VM_BAD_POWER_STATE", vm, "halted", "running"]


async def test_the_official_python_client_follows_a_member_to_the_coordinator() -> None:
    async with xensim.serve(hosts=2, vms=0, pace=0.0) as sim:

        def refused() -> list[str]:
            session = XenAPI.Session(f"https://{sim.addresses[1]}:{sim.port}", ignore_ssl=True)
            try:
                session.login_with_password("root", "xensim")
            except XenAPI.Failure as error:
                return list(error.details)
            finally:
                session("close")()
            return []

        assert await asyncio.to_thread(refused) == ["HOST_IS_SLAVE", sim.coordinator]


def node() -> str:
    """The node binary; skips where it or the client is missing, which in CI is a failure."""
    binary = shutil.which("node")
    if binary and (NODE / "node_modules" / "xen-api").is_dir():
        return binary
    reason = "node is missing" if not binary else "run `npm ci` in tests/xensim/node"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
async def test_the_npm_client_watches_objects_and_sees_a_change(tls: bool) -> None:
    binary = node()
    async with xensim.serve(hosts=2, vms=4, pace=0.0, tls=tls) as sim:
        vm = a_halted_vm(sim)
        process = await asyncio.create_subprocess_exec(
            binary,
            "watch.mjs",
            sim.url,
            str(sim.db.field("VM", vm, "uuid")),
            cwd=NODE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        stdout = process.stdout
        lines: list[dict[str, Any]] = []

        async def said(key: str) -> Any:
            """The next value the client says under this name."""
            while True:
                for line in lines:
                    if key in line:
                        lines.remove(line)
                        return line[key]
                text = await asyncio.wait_for(stdout.readline(), 30)
                assert text, "the client ended"
                lines.append(json.loads(text))

        name = sim.db.field("VM", vm, "name_label")
        assert await said("pool") == sim.db.field("pool", sim.pool.ref, "name_label")
        assert await said("name") == "named by node" != name
        assert await said("clone") == "cloned by node"
        sim.set("VM", vm, name_label="named elsewhere")
        assert await said("name") == "named elsewhere"
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 30) == 0


@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
async def test_the_npm_client_moves_disks_and_vms(tls: bool) -> None:
    binary = node()
    async with xensim.serve(hosts=2, vms=4, pace=0.0, tls=tls) as sim:
        source, target = new_disk(sim, 20 * MIB), new_disk(sim, 20 * MIB)
        scatter(sim, source, 20 * MIB, runs=3)
        vm = a_halted_vm(sim)
        shared = sim.db.by_name("SR", "NFS vm-store")[0]
        sim.set("pool", sim.pool.ref, default_SR=shared)
        process = await asyncio.create_subprocess_exec(
            binary, "transfer.mjs", sim.url, source, target, vm, cwd=NODE, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
        said: dict[str, Any] = {}
        for line in out.splitlines():
            said |= json.loads(line)
        assert process.returncode == 0
        assert said["written"] == target
        assert sim.pool.contents.blocks(target) == sim.pool.contents.blocks(source) != []
        assert content(sim, target) == content(sim, source)
        (made,) = [said["made"]] if isinstance(said["made"], str) else said["made"]
        assert sim.db.field("VM", made, "name_label") == sim.db.field("VM", vm, "name_label")
        assert said["refusal"] == "IMPORT_ERROR_PREMATURE_EOF"
