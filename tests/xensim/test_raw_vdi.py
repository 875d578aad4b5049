"""`/export_raw_vdi` and `/import_raw_vdi`: bytes that come back, who is let in, and transfers that fail."""

import asyncio
import hashlib
import ssl
import struct
from base64 import b64encode
from pathlib import Path

import pytest

import xensim
from tests.xensim.caller import Caller
from tests.xensim.test_faults import control
from tests.xensim.transfers import MIB, Answer, ask, content, ended, get, new_disk, put, scatter, task
from tests.xensim.wire import connection
from xensim.content import BLOCK
from xensim.ops import images, placement
from xensim.vhd import checksum

SIZE = 40 * MIB
LOCAL = ("ext", "lvm")


async def export(caller: Caller, vdi: str, **query: str) -> Answer:
    return await get(caller.sim, "/export_raw_vdi", session_id=caller.session, vdi=vdi, **query)


async def upload(caller: Caller, vdi: str, body: bytes, *headers: str, **query: str) -> Answer:
    return await put(caller.sim, "/import_raw_vdi", body, *headers, session_id=caller.session, vdi=vdi, **query)


async def test_raw_bytes_come_back_as_they_went(caller: Caller) -> None:
    sim = caller.sim
    source, target = new_disk(sim, SIZE), new_disk(sim, SIZE)
    scatter(sim, source, SIZE)
    out = await export(caller, source)
    assert out.head.startswith("HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-cache, no-store\r\ntask-id:")
    uuid = sim.db.field("VDI", source, "uuid")
    assert "content-type:application/octet-stream" in out.head
    assert f'content-disposition: attachment; filename="{uuid}.raw"' in out.head
    assert "content-length" not in out.head.lower()
    assert out.body == content(sim, source)
    back = await upload(caller, str(sim.db.field("VDI", target, "uuid")), out.body)
    assert (back.status, back.body) == (200, b"")
    assert task(caller, back)["result"] == f"<value>{target}</value>"
    assert content(sim, target) == out.body
    assert sim.db.field("VDI", target, "physical_utilisation") == sim.pool.contents.allocated(target)
    assert sim.db.field("VDI", source, "VBDs") == sim.db.field("VDI", target, "VBDs") == []


async def test_a_vhd_holds_only_what_is_there_and_comes_back_the_same(caller: Caller) -> None:
    sim = caller.sim
    source, target = new_disk(sim, SIZE), new_disk(sim, SIZE)
    scatter(sim, source, SIZE, runs=3)
    sim.pool.contents.write(target, 0, b"old" * 1000)
    out = await export(caller, source, format="vhd")
    blocks = len(sim.pool.contents.blocks(source))
    assert len(out.body) == 512 + 1024 + 512 + blocks * (512 + BLOCK) + 512
    footer = out.body[:512]
    assert footer == out.body[-512:]
    assert footer.startswith(b"conectix")
    assert struct.unpack(">Q", footer[48:56]) == (SIZE,)
    assert struct.unpack(">I", footer[64:68])[0] == checksum(footer[:64] + bytes(4) + footer[68:])
    assert out.body[512:520] == b"cxsparse"
    assert task(caller, await upload(caller, target, out.body, format="vhd"))["status"] == "success"
    assert content(sim, target) == content(sim, source)


async def test_other_tools_read_our_vhd(caller: Caller, tmp_path: Path) -> None:
    """qemu-img, where it is installed, reads the same bytes from it."""
    finder = await asyncio.create_subprocess_shell("command -v qemu-img", stdout=asyncio.subprocess.DEVNULL)
    if await finder.wait():
        pytest.skip("qemu-img is not installed")
    vdi = new_disk(caller.sim, SIZE)
    scatter(caller.sim, vdi, SIZE)
    (tmp_path / "disk.vhd").write_bytes((await export(caller, vdi, format="vhd")).body)
    convert = ("qemu-img", "convert", "-f", "vpc", "-O", "raw", tmp_path / "disk.vhd", tmp_path / "disk.raw")
    assert await (await asyncio.create_subprocess_exec(*convert)).wait() == 0
    assert (tmp_path / "disk.raw").read_bytes()[:SIZE] == content(caller.sim, vdi)


async def test_a_difference_goes_on_top_of_its_base(caller: Caller) -> None:
    sim = caller.sim
    vdi, target = new_disk(sim, SIZE), new_disk(sim, SIZE)
    scatter(sim, vdi, SIZE)
    base = await caller.call("VDI.snapshot", vdi, {})
    sim.pool.contents.copy(base, target)
    sim.pool.contents.write(vdi, 7 * MIB, b"changed")
    out = await export(caller, vdi, format="vhd", base=base)
    assert struct.unpack(">I", out.body[60:64]) == (4,)
    assert len(out.body) < 3 * MIB
    assert task(caller, await upload(caller, target, out.body, format="vhd"))["status"] == "success"
    assert content(sim, target) == content(sim, vdi)


async def test_a_vhd_with_single_sectors_of_a_block(caller: Caller) -> None:
    sim = caller.sim
    source, target = new_disk(sim, SIZE), new_disk(sim, SIZE)
    sim.pool.contents.write(source, 0, b"s" * BLOCK)
    sim.pool.contents.write(target, 0, b"t" * BLOCK)
    body = bytearray((await export(caller, source, format="vhd", base=target)).body)
    first = body.index(b"\xff" * 512 + b"s" * 512)
    body[first : first + 512] = b"\x81" + bytes(511)  # sectors 0 and 7
    assert task(caller, await upload(caller, target, bytes(body), format="vhd"))["status"] == "success"
    expected = b"s" * 512 + b"t" * 6 * 512 + b"s" * 512
    assert content(sim, target)[: BLOCK + 1] == expected.ljust(BLOCK, b"t") + b"\0"


async def test_pieces_at_offsets(caller: Caller) -> None:
    vdi = new_disk(caller.sim, SIZE)
    chunks = [(0, b"first"), (5 * MIB - 3, b"across"), (SIZE - 4, b"last")]
    body = b"".join(struct.pack("<QI", at, len(data)) + data for at, data in chunks) + bytes(12)
    assert task(caller, await upload(caller, vdi, body, chunked="true"))["status"] == "success"
    held = content(caller.sim, vdi)
    assert [held[at : at + len(data)] for at, data in chunks] == [data for _, data in chunks]


async def test_a_disk_made_by_its_upload(caller: Caller) -> None:
    sr = caller.sim.db.by_name("SR", "NFS vm-store")[0]
    body = b"disk" * MIB
    out = await put(caller.sim, "/import_raw_vdi", body, session_id=caller.session, sr_id=sr)
    made = str(task(caller, out)["result"]).removeprefix("<value>").removesuffix("</value>")
    assert content(caller.sim, made) == body


async def test_a_body_of_unknown_length_ends_with_the_disk(caller: Caller) -> None:
    vdi = new_disk(caller.sim, SIZE)
    body = b"x" * SIZE
    first = f"PUT /import_raw_vdi?session_id={caller.session}&vdi={vdi} HTTP/1.1"
    out = await ask(caller.sim, first, ["Content-Length: 1125899906842624"], body)
    assert task(caller, out)["status"] == "success"
    assert hashlib.sha256(content(caller.sim, vdi)).digest() == hashlib.sha256(body).digest()


def basic(user: str, password: str) -> str:
    return "Authorization: Basic " + b64encode(f"{user}:{password}".encode()).decode()


async def test_who_is_let_in(caller: Caller) -> None:
    sim, vdi = caller.sim, new_disk(caller.sim, BLOCK)
    sessions = sim.db.count("session")
    cookie = f"Cookie: other=1; session_id={caller.session}"
    for header in (cookie, basic("root", "xensim")):
        assert (await get(sim, "/export_raw_vdi", header, vdi=vdi)).status == 200
    assert sim.db.count("session") == sessions
    for header in ("X: y", basic("root", "wrong"), "Authorization: Basic %%", "Cookie: session_id=OpaqueRef:no"):
        out = await get(sim, "/export_raw_vdi", header, vdi=vdi)
        assert out.status == 401
        assert 'WWW-Authenticate: Basic realm="get_export_raw_vdi"' in out.head
    given = await caller.call("task.create", "mine", "")
    assert (await get(sim, "/export_raw_vdi", vdi=vdi, task_id=given)).status == 401
    assert sim.db.record("task", given)["error_info"] == ["SESSION_AUTHENTICATION_FAILED"]


async def test_what_is_refused_before_anything_moves(caller: Caller) -> None:
    sim, vdi = caller.sim, new_disk(caller.sim, BLOCK)
    unknown = await export(caller, "OpaqueRef:1")
    assert unknown.status == 500
    assert b"Db_exn.Read_missing_uuid(&quot;VDI&quot;, &quot;&quot;, &quot;OpaqueRef:1&quot;)" in unknown.body
    missing = await export(caller, vdi, task_id="OpaqueRef:2")
    assert (
        b"Db_exn.DBCache_NotFound(&quot;missing row&quot;, &quot;task&quot;, &quot;OpaqueRef:2&quot;)" in missing.body
    )
    bad = await export(caller, vdi, format="frob")
    assert bad.head == "HTTP/1.0 404 Not Found\r\nConnection: close\r\nCache-Control: no-cache, no-store"
    chunked = await upload(caller, vdi, b"", "Transfer-Encoding: chunked")
    assert chunked.head.startswith("HTTP/1.0 404 Not Found")
    assert sim.db.field("VDI", vdi, "VBDs") == []


async def test_a_disk_in_use_fails_late_in_body_and_task(caller: Caller) -> None:
    db = caller.sim.db
    vdi = next(
        str(row.record["VDI"])
        for row in db.rows("VBD").values()
        if row.record["currently_attached"] and row.record["mode"] == "RW" and row.record["type"] == "Disk"
    )
    sr = str(db.field("VDI", vdi, "SR"))
    host = next(host for host in db.refs("host") if placement.sees_sr(caller.sim.pool, host, sr))
    address = str(db.field("host", host, "address"))
    out = await get(caller.sim, "/export_raw_vdi", address=address, session_id=caller.session, vdi=vdi)
    assert out.status == 200
    assert out.body.startswith(b"HTTP/1.1 500 Internal Error\r\n")
    assert task(caller, out)["error_info"] == ["VDI_IN_USE", vdi, "attach"]


async def test_a_host_that_does_not_see_the_disk_names_one_that_does(caller: Caller) -> None:
    sim = caller.sim
    away = next(
        pbd.record
        for pbd in sim.db.rows("PBD").values()
        if pbd.record["host"] != sim.pool.coordinator and sim.db.field("SR", str(pbd.record["SR"]), "type") in LOCAL
    )
    vdi = images.create(sim.pool, str(away["SR"]), BLOCK, name_label="local")
    out = await export(caller, vdi)
    assert out.status == 302
    address = sim.db.field("host", str(away["host"]), "address")
    assert f"Location: http://{address}:{sim.port}/export_raw_vdi?session_id=" in out.head
    there = await get(sim, "/export_raw_vdi", address=str(address), session_id=caller.session, vdi=vdi)
    assert there.status == 200


@pytest.mark.parametrize(
    ("body", "query", "code"),
    [
        (b"short", {}, "VDI_IO_ERROR"),
        (b"garbage" * 200, {"format": "vhd"}, "INTERNAL_ERROR"),
        (b"con", {"format": "vhd"}, "VDI_IO_ERROR"),
    ],
)
async def test_an_upload_that_makes_no_sense_fails_its_task(
    caller: Caller, body: bytes, query: dict[str, str], code: str
) -> None:
    vdi = new_disk(caller.sim, SIZE)
    given = await caller.call("task.create", "upload", "")
    async with connection(caller.sim.coordinator, caller.sim.port) as (reader, writer):
        extra = "".join(f"&{name}={value}" for name, value in query.items())
        target = f"/import_raw_vdi?session_id={caller.session}&vdi={vdi}&task_id={given}{extra}"
        length = len(body) + (0 if query else 100)
        writer.write(f"PUT {target} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode() + body)
        writer.write_eof()
        assert b"HTTP/1.1 500 Internal Error" in await reader.read()
    record = await ended(caller.sim, given)
    assert (record["status"], str(record["error_info"])[2 : 2 + len(code)]) == ("failure", code)
    assert caller.sim.db.field("VDI", vdi, "VBDs") == []


async def test_cancelling_the_task_ends_the_transfer(caller: Caller) -> None:
    sim, vdi = caller.sim, new_disk(caller.sim, SIZE)
    sim.faults.slow_transfers(10 * MIB)
    given = await caller.call("task.create", "export", "")
    async with connection(sim.coordinator, sim.port) as (reader, writer):
        writer.write(
            f"GET /export_raw_vdi?session_id={caller.session}&vdi={vdi}&task_id={given} HTTP/1.1\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        while not sim.db.field("task", given, "progress"):
            await sim.db.changed.wait()
        assert sim.db.field("task", given, "allowed_operations") == ["cancel"]
        assert sim.db.field("VDI", vdi, "VBDs") != []
        await caller.call("task.cancel", given)
        assert b"TASK_CANCELLED" in await asyncio.wait_for(reader.read(), 5)
    assert sim.db.field("task", given, "status") == "cancelled"
    assert sim.db.field("VDI", vdi, "VBDs") == []


async def test_a_client_that_leaves_ends_the_transfer(caller: Caller) -> None:
    sim, vdi = caller.sim, new_disk(caller.sim, SIZE)
    given = await caller.call("task.create", "export", "")
    async with connection(sim.coordinator, sim.port) as (reader, writer):
        writer.write(
            f"GET /export_raw_vdi?session_id={caller.session}&vdi={vdi}&task_id={given} HTTP/1.1\r\n\r\n".encode()
        )
        await reader.readexactly(100_000)
        writer.transport.abort()
    record = await ended(sim, given)
    assert record["error_info"] == ["INTERNAL_ERROR", 'Unix.Unix_error(Unix.EPIPE, "write", "")']
    assert sim.db.field("VDI", vdi, "VBDs") == []


async def test_a_client_that_does_not_read_holds_the_transfer_back(caller: Caller) -> None:
    sim, vdi = caller.sim, new_disk(caller.sim, 400 * MIB)
    given = await caller.call("task.create", "export", "")
    async with connection(sim.coordinator, sim.port) as (reader, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # asyncio's are read transports, too
        writer.write(
            f"GET /export_raw_vdi?session_id={caller.session}&vdi={vdi}&task_id={given} HTTP/1.1\r\n\r\n".encode()
        )
        await asyncio.sleep(0.3)
        assert 0 < float(str(sim.db.field("task", given, "progress"))) < 0.2
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        while await reader.read(MIB):
            pass
    assert (await ended(sim, given))["status"] == "success"


async def test_over_tls() -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with xensim.serve(hosts=1, vms=1, pace=0.0) as sim:
        vdi, session = new_disk(sim, SIZE), sim.pool.sessions.open("root")
        scatter(sim, vdi, SIZE)
        body = content(sim, vdi)
        target = f"_raw_vdi?session_id={session}&vdi={vdi} HTTP/1.1\r\nContent-Length"
        async with connection(sim.coordinator, sim.port, context) as (reader, writer):
            writer.write(f"PUT /import{target}: {SIZE}\r\n\r\n".encode() + body[::-1])
            assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
        async with connection(sim.coordinator, sim.port, context) as (reader, writer):
            writer.write(f"GET /export{target}: 0\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.read() == body[::-1]


async def test_transfers_are_cut_and_refused_on_demand(caller: Caller) -> None:
    sim, vdi = caller.sim, new_disk(caller.sim, SIZE)
    sim.faults.cut_transfers(after=5 * MIB)
    assert len((await export(caller, vdi)).body) < SIZE
    sim.faults.refuse_transfers()
    assert (await export(caller, vdi)).status == 500
    assert len((await export(caller, vdi)).body) == SIZE


async def test_the_control_port_spoils_transfers_too() -> None:
    async with xensim.serve(hosts=1, vms=1, tls=False, pace=0.0, control_port=0) as sim:
        vdi, session = new_disk(sim, 4 * MIB), sim.pool.sessions.open("root")
        for fault, body, status, size in (
            ("refuse_transfers", {"count": 1}, 500, None),
            ("cut_transfers", {"after": MIB}, 200, 0),
            ("slow_transfers", {"rate": 100 * MIB}, 200, 4 * MIB),
        ):
            assert (await control(sim, f"POST /faults/{fault}", **body))[0] == 200
            out = await get(sim, "/export_raw_vdi", session_id=session, vdi=vdi)
            assert out.status == status
            assert size is None or (len(out.body) == size if size else len(out.body) < 4 * MIB)
        assert sim.pool.conditions.transfer_rate == 100 * MIB
        sim.faults.clear()
        assert sim.pool.conditions.transfer_rate == 0
