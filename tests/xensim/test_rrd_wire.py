"""The recorded requests for measurements, sent to the simulator: heads, pages and the form of bodies are alike."""

import json
import re

import pytest

from tests.xensim.caller import Caller
from tests.xensim.rrds import guests, measured, uuid
from tests.xensim.transfers import Answer, ask
from tests.xensim.wire import FOLDER, Recording, anonymous, connection

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")

NAMES = [
    "09-001", "09-002", "09-003", "09-004", "09-005", "09-006", "09-007", "09-008", "09-009", "09-010", "09-011",
    "09-012", "09-013", "09-014", "09-015", "09-016", "09-017", "09-042", "10-009", "10-010", "10-011", "10-025",
]  # fmt: skip
RECORDED_AT = 1795360507  # the time of the first recordings; their starts are relative to it
BAD_SESSION = "OpaqueRef:11111111-1111-1111-1111-111111111111"


@pytest.mark.parametrize("name", NAMES)
async def test_replies_have_the_recorded_form(name: str) -> None:
    recording = _recording(name)
    async with measured(hosts=3) as caller:
        answer = await _replay(caller, recording)
    assert _lines(answer.head) == _lines(recording.head)
    body, recorded = answer.body.decode(), recording.body
    if recorded.startswith("<html>"):
        assert anonymous(body) == anonymous(recorded)
        return
    ours, theirs = _form(body), _form(recorded)
    if name in {"09-008", "09-014", "09-015", "09-016", "10-011"}:  # cut short by the recorder
        assert ours.startswith(theirs[: len(theirs) // 2])
    else:
        assert ours == theirs


async def test_a_request_after_a_refusal_finds_the_connection_closed() -> None:
    async with measured() as caller, connection(caller.sim.coordinator, caller.sim.port) as (reader, writer):
        writer.write(b"GET /rrd_updates?start=0 HTTP/1.1\r\nHost: x\r\n\r\n")
        steps = json.loads((FOLDER / "14-006-after-error.json").read_text())["steps"]
        assert (await reader.read()).decode() == steps[1][2]


async def test_the_rows_of_one_archive_of_a_host_are_those_recorded() -> None:
    """The legend of start=0 has all consolidations of the host together, then its VMs' averages."""
    theirs = re.findall(r'"(AVERAGE|MIN|MAX):(host|vm):', _recording("09-008").body)
    async with measured() as caller:
        ours = re.findall(r'"(AVERAGE|MIN|MAX):(host|vm):', (await _replay(caller, _recording("09-008"))).body.decode())
    assert list(dict.fromkeys(ours)) == list(dict.fromkeys(theirs))


@pytest.mark.parametrize("name", ["07-124", "07-126", "07-128", "07-129"])
async def test_queries_are_answered_as_recorded(name: str) -> None:
    recording = _recording(name)
    async with measured() as caller:
        body = _translated(caller, recording.request_body)
        reply = await caller.post(body)
    if "INTERNAL_ERROR" in recording.body:
        assert reply.body == recording.body
    else:
        assert _form(reply.body) == _form(recording.body)


@pytest.mark.parametrize("name", ["07-125", "07-127"])
async def test_every_recorded_data_source_is_described_as_recorded(name: str) -> None:
    recording = _recording(name)
    theirs = {each["name_label"]: each for each in json.loads(recording.body)["result"]}
    async with measured() as caller:
        reply = json.loads((await caller.post(_translated(caller, recording.request_body))).body)["result"]
    ours = {each["name_label"]: each for each in reply}
    missing = theirs.keys() - ours.keys()
    assert not missing, missing
    assert {name: ours[name] for name in theirs} == theirs
    assert [each["name_label"] for each in reply] == sorted(ours)


def _recording(name: str) -> Recording:
    """Those that the recorder cut short too."""
    (path,) = FOLDER.glob(f"{name}-*.json")
    source = json.loads(path.read_text(encoding="utf-8"))
    request, response = source["request"], source["response"]
    return Recording(
        path.stem, source["title"], request["head"], request["body"], response["head"], response["body"] or ""
    )


def _guest(caller: Caller) -> str:
    """A VM of the coordinator with two vCPUs and an agent, a disk and a NIC, as the recorded one."""
    db = caller.sim.db
    for vm in guests(caller.sim):
        record = db.record("VM", vm)
        disks = [vbd for vbd in db.items("VM", vm, "VBDs") if db.field("VBD", str(vbd), "type") == "Disk"]
        agent = str(record["guest_metrics"])
        reports = db.exists("VM_guest_metrics", agent) and db.field("VM_guest_metrics", agent, "PV_drivers_detected")
        vcpus = db.field("VM_metrics", str(record["metrics"]), "VCPUs_number")
        if disks and record["VIFs"] and reports and int(str(vcpus)) >= 2:
            return vm
    raise LookupError("no VM like that")


def _translated(caller: Caller, body: str) -> str:
    called = json.loads(body)
    host = called["method"].startswith("host.")
    called["params"][0] = caller.session
    called["params"][1] = caller.sim.pool.coordinator if host else _guest(caller)
    return json.dumps(called)


async def _replay(caller: Caller, recording: Recording) -> Answer:
    """The recorded request with our session, VM and times."""
    sim = caller.sim
    first, *headers = recording.request_head.split("\r\n")
    # As long ago as it was when the request was recorded, by the minute; the fractions of a step differ.
    member = "10.77.0.12" in recording.request_head
    recorded = 1795360840 if member else RECORDED_AT
    vm = _guest(caller)
    if recording.name.startswith("10-025"):
        elsewhere = [ref for ref in sim.db.refs("host") if ref != sim.pool.coordinator]
        vm = next(ref for ref, row in sim.db.rows("VM").items() if row.record["resident_on"] in elsewhere)

    def place(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        if name == "start" and value != "0":
            return f"start={int(value) - recorded + int(sim.pool.clock.now())}"
        if name == "session_id" and value != BAD_SESSION:
            return f"session_id={caller.session}"
        if name in {"uuid", "vm_uuid"} and "1111" not in value:
            return f"{name}={uuid(sim, 'VM', vm)}"
        return found[0]

    lines = [re.sub(r"\b(start|session_id|uuid|vm_uuid)=([^&\s]+)", place, line) for line in (first, *headers)]
    lines = [re.sub("Basic cm9vdDpkdW1teS1wdy0x", "Basic cm9vdDp4ZW5zaW0=", line) for line in lines]
    address = sim.addresses[1] if member else sim.coordinator
    return (
        await _first(sim.port, address, lines)
        if " 200 OK" in recording.head
        else await ask(sim, lines[0], lines[1:], address=address)
    )


async def _first(port: int, address: str, lines: list[str]) -> Answer:
    """The first answer of a connection that may stay open."""
    async with connection(address, port) as (reader, writer):
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode()
        length = re.search(r"(?i)content-length: (\d+)", head)
        return Answer(head, await (reader.readexactly(int(length[1])) if length else reader.read()))


def _lines(head: str) -> list[str]:
    """Header lines without what differs from one pool to another."""
    lines = re.sub(r"(?i)(content-length: )\d+", r"\1N", anonymous(head))
    lines = re.sub(r"(ADDRESS):\d+", r"\1", re.sub(r"http:", "https:", lines))
    return lines.split("\r\n")


_NUMBER = r"(?:-?\d+(?:\.\d+)?(?:e[-+]?\d+)?|NaN|-?Infinity)"


def _form(body: str) -> str:
    """A body with numbers, legends and sources replaced by words, and what is repeated written once."""
    body = re.sub(r"(AVERAGE|MIN|MAX):(host|vm):[-0-9a-f]{36}:[^\"<]+", "LEGEND", body)
    body = re.sub(r'(<name>|"name":")[^<"]+', r"\1NAME", body)
    body = re.sub(r"GAUGE|DERIVE|ABSOLUTE", "KIND", body)
    body = re.sub(r"<cf>\w+", "<cf>CF", re.sub(r'"cf":"\w+"', '"cf":"CF"', body))
    body = re.sub(rf'"{_NUMBER}"', '"N"', re.sub(rf">{_NUMBER}<", ">N<", body))
    body = re.sub(rf'"result":{_NUMBER}', '"result":N', body)
    for piece in (r"<entry>LEGEND</entry>", r"<v>N</v>", r"<row>(?:<t>N</t>)?<v>N</v></row>", r"<ds>.*?</ds>"):
        body = re.sub(rf"({piece})(?:\1)+", r"\1", body)
    for piece in (
        r'"LEGEND"', r'"N"', r'\{"t":"N","values":\["N"\]\}', r'\["N"\]', r'\{"name":[^}]*\}', r'\{"primary[^}]*\}'
    ):  # fmt: skip
        body = re.sub(rf"({piece})(?:,\1)+", r"\1", body)
    return body
