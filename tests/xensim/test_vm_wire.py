"""What a real pool answered to calls on VMs that could not be, sent again: the same code with the same arguments."""

import json
import re

import pytest

import xensim
from tests.xensim.test_wire_replay import MASTER, TEMPLATE, VM, cast
from tests.xensim.wire import FOLDER, Recording, Replay, Reply, anonymous, recordings
from xensim import Sim

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings (../shared/xapi/wire) are not here")

HALTED = "OpaqueRef:87f88eda-6849-ba8e-f385-9e154809666e"
SESSION = "OpaqueRef:64c92ca5-5dd1-511e-1533-0cd10a07b728"
APPLIANCE = "OpaqueRef:de6b730d-451e-1d44-316f-83330da9d563"
WANTED = re.compile(r"07-(00[5-9]|01\d|02\d|03[0-4]|10[68]|11[345]|13[01])-")
# Whose arguments are numbers that depend on the size of the host.
BY_CODE = {"07-020-start-no-memory-on"}


def players(sim: Sim) -> dict[str, str]:
    """Our objects in the places of the recorded ones: a running VM, a halted one, a template, an empty appliance."""
    db = sim.db
    halted = next(
        ref
        for ref, row in db.rows("VM").items()
        if row.record["power_state"] == "Halted"
        and not row.record["is_a_template"]
        and not row.record["blocked_operations"]
        and not row.record["VGPUs"]
    )
    session, appliance = sim.pool.sessions.open("root"), db.by_name("VM_appliance", "empty")[0]
    return cast(sim) | {HALTED: halted, APPLIANCE: appliance, SESSION: session}


def same(recording: Recording, reply: Reply) -> bool:
    expected, got = json.loads(recording.body), json.loads(reply.body)
    if recording.name in BY_CODE:
        return bool(expected["error"]["message"] == got["error"]["message"])
    return bool(anonymous(recording.body) == anonymous(reply.body)) or expected.keys() == got.keys() == {
        "jsonrpc", "result", "id",
    }  # fmt: skip


async def test_calls_on_vms_fail_as_they_were_seen_to_fail() -> None:
    async with xensim.serve(hosts=2, vms=30, tls=False, pace=0.0, login_penalty_s=0.0) as sim:
        replay = Replay(sim, players(sim))
        assert {MASTER, VM, TEMPLATE} <= replay.refs.keys()
        seen, different = 0, {}
        for recording in recordings("07"):
            if not WANTED.match(recording.name):
                continue
            seen += 1
            reply = await replay.send(recording)
            if not same(recording, reply):
                different[recording.name] = f"{recording.body}\n  {reply.body}"
        assert seen > 35
        assert not different, "\n".join(f"{name}\n  {text}" for name, text in different.items())
