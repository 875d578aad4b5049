"""The recorded requests to handlers, sent to the simulator: the same status, headers and error pages."""

import re

import pytest

from tests.xensim.caller import Caller
from tests.xensim.transfers import Answer, ask, new_disk
from tests.xensim.wire import FOLDER, Recording, anonymous, connection, recordings

# By file; the recorder's machine could not do what those that are left out ask for (disks, snapshots of screens, bug
# reports), or they are about statistics.
REPLAYED = [
    "09-018-audit-log",
    "09-021-export-running",
    "09-022-export-unknown",
    "09-023-export-nosession",
    "09-024-import-garbage",
    "09-025-export-raw-vdi",
    "09-026-export-raw-vdi-badformat",
    "09-027-export-raw-vdi-unknown",
    "09-028-console",
    "09-030-console-connect",
    "09-031-console-connect-10",
    "09-032-console-badsession",
    "09-034-host-backup",
    "10-027-console-redirect",
    "11-001-export",
    "11-005-import-bad-task",
    "11-007-export-bad-task",
]
UNKNOWN = "1111111"  # the recorder's ids of what does not exist


@pytest.mark.parametrize("name", REPLAYED)
@pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")
async def test_replies_have_the_recorded_form(caller: Caller, name: str) -> None:
    (recording,) = recordings(name)
    answer = await _replay(caller, recording)
    assert _lines(answer.head) == _lines(recording.head)
    if recording.body.startswith(("<html>", "HTTP/1.1")) and name != "09-025-export-raw-vdi":
        assert _page(answer.body.decode()) == _page(recording.body)


async def test_a_blob_is_answered_as_recorded(caller: Caller) -> None:
    blob = caller.sim.create("blob", name_label="b")
    for name in ("09-040-blob-put", "09-041-blob-get"):
        (recording,) = recordings(name)
        first, *headers = recording.request_head.split("\r\n")
        target = f"/blob?session_id={caller.session}&ref={blob}"
        line = f"{first.split(' ')[0]} {target} HTTP/1.1"
        answer = await ask(caller.sim, line, headers, recording.request_body.encode())
        assert answer.head == recording.head
        assert answer.body.decode() == recording.body


async def _replay(caller: Caller, recording: Recording) -> Answer:
    """The recorded request with our own session and objects in the places of the recorded ones."""
    sim, db = caller.sim, caller.sim.db
    running = next(
        ref
        for ref, row in db.rows("VM").items()
        if row.record["power_state"] == "Running" and not row.record["is_control_domain"]
    )
    console = str(db.items("VM", running, "consoles")[0])
    home = str(db.field("host", str(db.field("VM", running, "resident_on")), "address"))
    address = home if "console" in recording.name else sim.coordinator
    if "redirect" in recording.name:
        address = next(other for other in sim.addresses if other != home)
    halted: str = await caller.call("VM.clone", db.by_name("VM", "Other install media")[0], "halted")
    vm = running if "running" in recording.name else halted
    ours = {
        "session_id": caller.session, "vdi": new_disk(sim, 1), "task_id": await caller.call("task.create", "t", ""),
        "uuid": str(db.field("console" if "/console" in recording.request_head else "VM",
                             console if "/console" in recording.request_head else vm, "uuid")),
        "ref": console,
    }  # fmt: skip

    def place(found: re.Match[str]) -> str:
        known = UNKNOWN in found[2] or "bad" in found[1]
        return f"{found[1]}={found[2] if known else ours[found[1]]}"

    head = re.sub(r"\b(session_id|vdi|task_id|uuid|ref)=([^&\s;]+)", place, recording.request_head)
    first, *headers = head.split("\r\n")
    if recording.status == 200 and first.startswith("CONNECT"):
        return await _first_answer(caller, first, headers, address)
    return await ask(sim, first, headers, recording.request_body.encode(), address=address)


async def _first_answer(caller: Caller, first: str, headers: list[str], address: str) -> Answer:
    """Of a connection that stays open."""
    async with connection(address, caller.sim.port) as (reader, writer):
        writer.write("\r\n".join([first, *headers, "", ""]).encode())
        return Answer((await reader.readuntil(b"\r\n\r\n"))[:-4].decode(), b"")


def _lines(head: str) -> list[str]:
    """Header lines without what differs from one pool to another."""
    lines = re.sub(r"(?i)content-length: \d+", "content-length: N", anonymous(head))
    return re.sub(r"xapi/[\d.]+", "xapi/V", lines).split("\r\n")


def _page(body: str) -> str:
    return re.sub(r"content-length: \d+", "content-length: N", anonymous(body))
