"""Exchanges recorded from a real daemon, sent again: heads and bodies of the replies must be alike."""

import json

import pytest

import xensim
from tests.xensim.wire import (
    FOLDER,
    Recording,
    Replay,
    Reply,
    anonymous,
    decode_xml,
    headers,
    recordings,
    shape,
    succeeds,
)
from xensim import Sim

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings (../shared/xapi/wire) are not here")

# What the simulator does not answer alike, and why.
LEFT_OUT = {
    "01-010-login-other-user": "one account per simulated host",
    "04-019-timeout-negative": "never answers",
    "04-023-delta-mod-xml": "waits for a change that the recorder made without recording",
    "04-040-logout-while-waiting": "ends by a logout that the recorder made without recording",
    "04-041-next-unregistered": "the track id is a hash of the session",
    "04-043-next": "waits for a change that the recorder made without recording",
    "04-045-next-xml": "waits for a change that the recorder made without recording",
    "03-040-role-permissions": "permissions are not simulated",
}
MASTER = "OpaqueRef:ddfcf457-d776-e914-042b-c553e4e140ed"
VM = "OpaqueRef:2a84861a-e0b9-3cde-4f12-36f3715c66f3"
TEMPLATE = "OpaqueRef:56987614-c070-1288-9804-c7000c65a987"


def cast(sim: Sim) -> dict[str, str]:
    """The simulator's counterparts of the recorded pool's objects, uuids too."""
    db = sim.db
    vms = db.rows("VM")
    guest = next(
        row for row in vms.values() if row.record["power_state"] == "Running" and not row.record["is_control_domain"]
    )
    template = next(ref for ref, row in vms.items() if row.record["is_default_template"])
    return {
        MASTER: sim.pool.coordinator,
        VM: guest.ref,
        TEMPLATE: template,
        "6ccfa812-d3c5-2ebf-1720-6815f97772ab": str(guest.record["uuid"]),
        "b7f3c1d2-8a94-4d7e-9c55-0d0a4f8c1000": str(db.field("host", sim.pool.coordinator, "uuid")),
        "OpaqueRef:a6e5552b-295b-de28-2fb7-e1cd30b3065a": str(guest.record["metrics"]),
        "OpaqueRef:25cbeec9-f533-04b9-c750-4d275bcf750c": str(guest.record["guest_metrics"]),
    }


def difference(recording: Recording, reply: Reply) -> str:
    """What is not alike, empty when nothing is. Failures and pages must be the same, results have the same form."""
    if headers(recording.head) != headers(reply.head):
        return f"head\n  {headers(recording.head)}\n  {headers(reply.head)}"
    expected, got = anonymous(recording.body), anonymous(reply.body)
    if expected == got or _alike(recording, reply):
        return ""
    return f"body\n  {expected[:400]}\n  {got[:400]}"


def _alike(recording: Recording, reply: Reply) -> bool:
    if not succeeds(recording):
        return False
    if recording.body.startswith("<"):
        expected, got = decode_xml(recording.body), decode_xml(reply.body)
        if isinstance(expected, list):
            return isinstance(got, list) and sorted(map(str, expected)) == sorted(map(str, got))
        return bool(expected["Status"] == got["Status"]) and _same_form(expected["Value"], got.get("Value"))
    expected, got = json.loads(recording.body), json.loads(reply.body)
    return bool(list(expected) == list(got)) and _same_form(expected["result"], got["result"])


def _same_form(expected: object, got: object) -> bool:
    if expected == {} and isinstance(got, dict):
        return True  # the recorded pool had none of these, ours has
    return bool(shape(expected) == shape(got))


@pytest.mark.parametrize("group", ["01", "02", "03", "04", "06", "10-00"])
async def test_recorded_exchanges_have_the_same_answers(group: str) -> None:
    async with xensim.serve(hosts=3, vms=20, tls=False, pace=0.0, login_penalty_s=0.0) as sim:
        replay = Replay(sim, cast(sim))
        different = {}
        for recording in recordings(group):
            if recording.name in LEFT_OUT:
                continue
            member = "Host: 10.77.0.12" in recording.request_head
            if not recording.request_head.startswith(("POST /jsonrpc", "POST /RPC2")) and group != "01":
                continue
            reply = await replay.send(recording, sim.addresses[1] if member else "")
            if text := difference(recording, reply):
                different[f"{recording.name}: {recording.title}"] = text
        assert not different, "\n".join(f"{name} {text}" for name, text in different.items())
