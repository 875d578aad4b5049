"""`/export` and `/import`: VMs that come back with their devices and bytes, and imports that leave nothing behind."""

import asyncio
import io
import tarfile
import xmlrpc.client
from typing import Any

import pytest

from tests.xensim.caller import Caller
from tests.xensim.transfers import MIB, Answer, ask, content, ended, get, new_disk, put, scatter, task
from tests.xensim.wire import connection
from xensim import Sim
from xensim.graph.coherence import problems
from xensim.ops import devices
from xensim.ops.locks import settle_vm
from xensim.ops.values import strings

SIZE = 12 * MIB
CLASSES = ("VM", "VDI", "VBD", "VIF", "VM_metrics", "VM_guest_metrics", "VBD_metrics", "VIF_metrics", "network")


@pytest.fixture
async def vm(caller: Caller) -> str:
    """A halted VM with two disks of random content, a CD and a NIC."""
    sim, db = caller.sim, caller.sim.db
    template = db.by_name("VM", "Debian Bookworm 12")[0]
    vm: str = await caller.call("VM.clone", template, "to export")
    db.set("VM", vm, is_a_template=False, tags=["a", "b"], name_description="<&> é")
    sizes = (SIZE, SIZE + 2 * MIB)
    for at, size in enumerate(sizes):
        disk = new_disk(sim, size)
        scatter(sim, disk, size, seed=at, runs=2)
        fields = {"VM": vm, "VDI": disk, "userdevice": str(at), "mode": "RW", "type": "Disk", "bootable": at == 0}
        db.create("VBD", {**fields, "metrics": db.create("VBD_metrics", {})})
    iso = next(ref for ref, row in db.rows("VDI").items() if row.record["is_tools_iso"])
    fields = {"VM": vm, "VDI": iso, "userdevice": "3", "mode": "RO", "type": "CD"}
    db.create("VBD", {**fields, "metrics": db.create("VBD_metrics", {})})
    network = db.by_name("network", "Pool-wide network associated with eth0")[0]
    nic = {"VM": vm, "network": network, "device": "0", "MAC": "02:00:00:00:00:01", "MTU": 1400}
    db.create("VIF", {**nic, "metrics": db.create("VIF_metrics", {})})
    devices.refresh(sim.pool, vm)
    settle_vm(db, vm)
    return vm


async def export(caller: Caller, vm: str, **query: str) -> Answer:
    uuid = str(caller.sim.db.field("VM", vm, "uuid"))
    return await get(caller.sim, "/export", session_id=caller.session, uuid=uuid, **query)


async def load(caller: Caller, body: bytes, **query: str) -> Answer:
    sr = caller.sim.db.by_name("SR", "NFS vm-store")[0]
    return await put(caller.sim, "/import", body, **{"session_id": caller.session, "sr_id": sr, **query})


def made(caller: Caller, answer: Answer) -> str:
    record = task(caller, answer)
    assert record["status"] == "success", record["error_info"]
    assert record["other_config"] == {"object_creation": "complete"}
    result = str(record["result"])
    return result.removeprefix("<value><array><data><value>").removesuffix("</value></data></array></value>")


def parts(sim: Sim, vm: str, cls: str, field: str, position: str) -> list[dict[str, Any]]:
    rows = [sim.db.record(cls, ref) for ref in strings(sim.db.field("VM", vm, field))]
    return sorted(rows, key=lambda row: str(row[position]))


def counts(sim: Sim) -> dict[str, int]:
    return {cls: sim.db.count(cls) for cls in CLASSES}


@pytest.mark.parametrize("packing", ["", "true", "gzip", "zstd"])
async def test_a_vm_comes_back_with_its_devices_and_bytes(caller: Caller, vm: str, packing: str) -> None:
    sim, db = caller.sim, caller.sim.db
    out = await export(caller, vm, **({"use_compression": packing} if packing else {}))
    assert out.head.split("\r\n")[:4] == [
        "HTTP/1.0 200 OK", "Connection: close", "Cache-Control: no-cache, no-store", f"task-id: {out.task}",
    ]  # fmt: skip
    assert 'Content-Disposition: attachment; filename="export.xva"' in out.head
    assert (task(caller, out)["status"], task(caller, out)["result"]) == ("success", "")
    copy = made(caller, await load(caller, out.body))
    old, new = db.record("VM", vm), db.record("VM", copy)
    for field in ("name_label", "name_description", "tags", "platform", "memory_static_max", "VCPUs_max"):
        assert new[field] == old[field], field
    assert new["uuid"] != old["uuid"]
    assert (new["power_state"], new["current_operations"]) == ("Halted", {})
    assert "start" in strings(new["allowed_operations"])
    drives = parts(sim, vm, "VBD", "VBDs", "userdevice"), parts(sim, copy, "VBD", "VBDs", "userdevice")
    for before, after in zip(*drives, strict=True):
        assert [after[f] for f in ("userdevice", "type", "mode", "bootable")] == [
            before[f] for f in ("userdevice", "type", "mode", "bootable")
        ]
        if before["type"] == "CD":
            assert after["VDI"] == before["VDI"]
        else:
            assert after["VDI"] != before["VDI"]
            assert content(sim, after["VDI"]) == content(sim, before["VDI"])
    (nic,) = parts(sim, copy, "VIF", "VIFs", "device")
    assert nic["network"] == parts(sim, vm, "VIF", "VIFs", "device")[0]["network"]
    assert (nic["MTU"], nic["MAC"] == "02:00:00:00:00:01") == (1400, False)
    assert problems(db) == []


async def test_restoring_keeps_uuid_and_address_and_refuses_a_double(caller: Caller, vm: str) -> None:
    sim, db = caller.sim, caller.sim.db
    out = await export(caller, vm)
    before = counts(sim)
    refused = await load(caller, out.body, restore="true")
    assert task(caller, refused)["error_info"] == ["DUPLICATE_VM", vm]
    assert counts(sim) == before
    uuid = db.field("VM", vm, "uuid")
    for disk in [row["VDI"] for row in parts(sim, vm, "VBD", "VBDs", "userdevice") if row["type"] == "Disk"]:
        await caller.call("VDI.destroy", disk)
    await caller.call("VM.destroy", vm)
    back = made(caller, await load(caller, out.body, restore="true"))
    assert db.field("VM", back, "uuid") == uuid
    assert parts(sim, back, "VIF", "VIFs", "device")[0]["MAC"] == "02:00:00:00:00:01"


async def test_a_snapshot_of_a_running_vm_leaves_as_a_template(caller: Caller, vm: str) -> None:
    await caller.call("VM.start", vm, False, False)
    running = await export(caller, vm)
    assert running.status == 500
    assert f"VM_BAD_POWER_STATE: [ {vm}; halted, suspended; running ]".encode() in running.body
    snapshot = await caller.call("VM.snapshot", vm, "picture", [])
    copy = made(caller, await load(caller, (await export(caller, snapshot)).body))
    record = caller.sim.db.record("VM", copy)
    assert (record["is_a_template"], record["is_a_snapshot"], record["snapshot_of"]) == (True, False, "OpaqueRef:NULL")


async def test_a_suspended_vm_keeps_its_memory_when_that_is_wanted(caller: Caller, vm: str) -> None:
    sim, db = caller.sim, caller.sim.db
    await caller.call("VM.start", vm, False, False)
    guest = db.create("VM_guest_metrics", {"other": {"feature-suspend": "1"}})
    db.set("VM", vm, guest_metrics=guest, domain_type="pv")
    await caller.call("VM.suspend", vm)
    image = str(db.field("VM", vm, "suspend_VDI"))
    sim.pool.contents.write(image, 5000, b"memory")
    plain = db.record("VM", made(caller, await load(caller, (await export(caller, vm)).body)))
    assert (plain["power_state"], plain["suspend_VDI"]) == ("Halted", "OpaqueRef:NULL")
    whole = made(caller, await load(caller, (await export(caller, vm, preserve_power_state="true")).body))
    assert db.field("VM", whole, "power_state") == "Suspended"
    assert sim.pool.contents.read(str(db.field("VM", whole, "suspend_VDI")), 4999, 8) == b"\0memory\0"
    await caller.call("VM.resume", whole, False, False)
    assert db.field("VM", whole, "power_state") == "Running"


async def test_the_archive_is_one_that_others_read(caller: Caller, vm: str) -> None:
    body = (await export(caller, vm)).body
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        names = archive.getnames()
        first = archive.extractfile(names[0])
        assert first is not None
        text = first.read().decode()
    assert names[0] == "ova.xml"
    ((described,), _) = xmlrpc.client.loads(f"<params><param>{text}</param></params>")
    assert isinstance(described, dict)
    disks = [thing for thing in described["objects"] if thing["class"] == "VDI" and thing["snapshot"]["type"] == "user"]
    for disk in disks:
        pieces = [name for name in names if name.startswith(f"{disk['id']}/")]
        last = int(disk["snapshot"]["virtual_size"]) // MIB - 1
        if pieces:
            assert pieces[:2] == [f"{disk['id']}/00000000", f"{disk['id']}/00000000.checksum"]
            assert pieces[-1] == f"{disk['id']}/{last:08d}.checksum"
    assert {len(name.partition("/")[0]) for name in names[1:]} <= {5, 6}


async def test_metadata_alone(caller: Caller, vm: str) -> None:
    sim = caller.sim
    uuid = str(sim.db.field("VM", vm, "uuid"))
    out = await get(sim, "/export_metadata", session_id=caller.session, uuid=uuid)
    assert f"Content-Length: {len(out.body)}" in out.head
    loaded = await put(
        sim, "/import_metadata", out.body, session_id=caller.session, sr_id=sim.db.by_name("SR", "NFS vm-store")[0]
    )
    copy = made(caller, loaded)
    assert len(strings(sim.db.field("VM", copy, "VBDs"))) == 3
    everything = await get(sim, "/export_metadata", session_id=caller.session, all="true")
    assert everything.status == 200
    assert everything.body.count(b"<name>power_state</name>") > 6


async def test_what_an_import_refuses_before_it_begins(caller: Caller, vm: str) -> None:
    sim = caller.sim
    iso = next(ref for ref, row in sim.db.rows("SR").items() if row.record["content_type"] == "iso")
    assert (await load(caller, b"", sr_id=iso)).head == (
        "HTTP/1.0 400 Bad Request\r\nConnection: close\r\nCache-Control: no-cache, no-store"
    )
    assert b"HANDLE_INVALID: [ SR; OpaqueRef:1 ]" in (await load(caller, b"", sr_id="OpaqueRef:1")).body
    none = await put(sim, "/import", b"")
    assert 'WWW-Authenticate: Basic realm="put_import"' in none.head
    unknown = await get(sim, "/export", session_id=caller.session, uuid="1111")
    assert b"UUID_INVALID: [ VM; 1111 ]" in unknown.body


async def test_garbage_is_told_in_the_body_and_in_the_task(caller: Caller) -> None:
    given = await caller.call("task.create", "import", "")
    out = await load(caller, b"garbage" * 100, task_id=given)
    assert out.head == (
        "HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-cache, no-store\r\n"
        f"task-id:{given}\r\ncontent-type: application/octet-stream"
    )
    assert out.body.startswith(b"HTTP/1.1 500 Internal Error\r\ncontent-length: 263\r\n")
    assert out.body.endswith(b"IMPORT_ERROR_PREMATURE_EOF: [  ]</body></html>")
    assert task(caller, out)["error_info"] == ["IMPORT_ERROR_PREMATURE_EOF"]


@pytest.mark.parametrize("cut", [600, 40_000, 3 * MIB, -1200])
async def test_a_cut_archive_leaves_nothing_behind(caller: Caller, vm: str, cut: int) -> None:
    sim = caller.sim
    body = (await export(caller, vm)).body
    before, stored = counts(sim), sim.pool.contents.stored
    out = await load(caller, body[:cut] if cut > 0 else body[: cut - 1024])
    assert task(caller, out)["error_info"] == ["IMPORT_ERROR_PREMATURE_EOF"]
    assert counts(sim) == before
    assert sim.pool.contents.stored == stored


async def test_wrong_bytes_are_noticed_unless_forced(caller: Caller, vm: str) -> None:
    body = bytearray((await export(caller, vm)).body)
    body[-4 * 512 - 100_000] ^= 1
    out = await load(caller, bytes(body))
    assert task(caller, out)["error_info"] == ["IMPORT_ERROR_SOME_CHECKSUMS_FAILED"]
    made(caller, await load(caller, bytes(body), force="true"))


async def test_an_import_that_is_cancelled_leaves_nothing_behind(caller: Caller, vm: str) -> None:
    sim = caller.sim
    body = (await export(caller, vm)).body
    before, stored = counts(sim), sim.pool.contents.stored
    given = await caller.call("task.create", "import", "")
    sr = sim.db.by_name("SR", "NFS vm-store")[0]
    async with connection(sim.coordinator, sim.port) as (reader, writer):
        target = f"/import?session_id={caller.session}&task_id={given}&sr_id={sr}"
        writer.write(f"PUT {target} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
        while not sim.db.field("task", given, "progress"):
            await sim.db.changed.wait()
        (fresh,) = [ref for ref in sim.db.by_name("VM", "to export") if ref != vm]
        assert sim.db.field("VM", fresh, "current_operations") == {given: "import"}
        await caller.call("task.cancel", given)
        await asyncio.wait_for(reader.read(), 5)
    assert (await ended(sim, given))["status"] == "cancelled"
    assert counts(sim) == before
    assert sim.pool.contents.stored == stored
    assert problems(sim.db) == []


async def test_a_body_of_unknown_length_ends_with_the_last_disk(caller: Caller, vm: str) -> None:
    body = (await export(caller, vm)).body
    sr = caller.sim.db.by_name("SR", "NFS vm-store")[0]
    first = f"PUT /import?session_id={caller.session}&sr_id={sr} HTTP/1.1"
    made(caller, await ask(caller.sim, first, ["Content-Length: 1125899906842624"], body))
