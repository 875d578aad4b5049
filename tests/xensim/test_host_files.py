"""What a host gives away of itself: audit log, logs, reports, backups and blobs."""

import io
import json
import tarfile
import zipfile

import pytest

from tests.xensim.caller import Caller
from tests.xensim.transfers import get, new_disk, put
from xensim import Sim
from xensim.failures import XapiFailure


async def test_the_audit_log_holds_what_changed_something(caller: Caller) -> None:
    sim = caller.sim
    await caller.call("pool.set_name_description", sim.pool.ref, "audited")
    await caller.call("pool.get_all")
    with pytest.raises(XapiFailure):
        await caller.call("VM.start", "OpaqueRef:1", False, False)
    out = await get(sim, "/audit_log", session_id=caller.session)
    assert out.head.startswith("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nCache-Control: no-cache, no-store\r\n")
    first, second = out.body.decode().splitlines()
    assert "'root' 'ALLOWED' 'OK' 'API' 'pool.set_name_description'" in first
    assert "'ALLOWED' 'ERROR:HANDLE_INVALID' 'API' 'VM.start'" in second
    later = sim.pool.clock.wire(sim.pool.clock.now() + 60)
    assert (await get(sim, "/audit_log", session_id=caller.session, since=later)).body == b""
    assert (await get(sim, "/audit_log", session_id=caller.session, since="soon")).status == 500
    assert (await get(sim, "/audit_log")).status == 401


async def test_logs_are_a_packed_tar(caller: Caller) -> None:
    await caller.call("pool.set_name_description", caller.sim.pool.ref, "logged")
    out = await get(caller.sim, "/host_logs_download", session_id=caller.session)
    with tarfile.open(fileobj=io.BytesIO(out.body), mode="r:gz") as archive:
        assert archive.getnames() == ["var/log/audit.log", "var/log/messages", "var/log/xensource.log"]
        log = archive.extractfile("var/log/audit.log")
        assert log is not None
        assert b"pool.set_name_description" in log.read()


async def test_a_backup_holds_every_record(caller: Caller) -> None:
    out = await get(caller.sim, "/host_backup", session_id=caller.session)
    with tarfile.open(fileobj=io.BytesIO(out.body), mode="r:gz") as archive:
        state = archive.extractfile("var/lib/xcp/state.json")
        assert state is not None
        assert json.load(state)["pool"].keys() == {caller.sim.pool.ref}


@pytest.mark.parametrize("output", ["tar", "tar.bz2", "zip"])
async def test_a_report_holds_what_was_asked_for(caller: Caller, output: str) -> None:
    out = await get(caller.sim, "/system-status", session_id=caller.session, output=output, entries="xapi")
    assert out.head.startswith("HTTP/1.0 200 OK\r\nConnection: close\r\n")
    assert f'.{output}"' in out.head
    expected = ["bug-report/etc/xensource-inventory", "bug-report/var/log/xensource.log"]
    if output == "zip":
        assert zipfile.ZipFile(io.BytesIO(out.body)).namelist() == expected
    else:
        with tarfile.open(fileobj=io.BytesIO(out.body)) as archive:
            assert archive.getnames() == expected
    capabilities = await get(caller.sim, "/system-status", session_id=caller.session, list="true")
    assert b'key="xenserver-logs"' in capabilities.body


async def test_blobs(caller: Caller) -> None:
    sim = caller.sim
    secret = sim.create("blob", name_label="b", mime_type="text/plain")
    shared = sim.create("blob", name_label="s", public=True)
    assert (await get(sim, "/blob", session_id=caller.session, ref=secret)).status == 404
    stored = await put(sim, "/blob", b"blob data  \n", session_id=caller.session, ref=secret)
    assert stored.head == (
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nCache-Control: no-cache, no-store\r\n"
        "Access-Control-Allow-Origin: *"
    )
    assert sim.db.field("blob", secret, "size") == 12
    fetched = await get(sim, "/blob", session_id=caller.session, ref=secret)
    assert fetched.body == b"blob data  \n"
    assert fetched.head.split("\r\n")[1:4] == [
        "Connection: close", "Content-Length: 12", "Cache-Control: no-cache, no-store",
    ]  # fmt: skip
    assert (await get(sim, "/blob", ref=secret)).status == 401
    assert (await put(sim, "/blob", b"open", ref=shared)).status == 200
    assert (await get(sim, "/blob", ref=shared)).body == b"open"


async def test_a_handler_has_the_paths_below_it_and_no_more(caller: Caller, sim: Sim) -> None:
    vdi = new_disk(sim, 1)
    below = await get(sim, "/export_raw_vdi/any/name", session_id=caller.session, vdi=vdi)
    assert below.status == 200
    assert (await get(sim, "/exp", session_id=caller.session)).status == 403
    assert (await get(sim, "/import", session_id=caller.session)).status == 403
