"""Whoever may do nothing changes nothing: each write of storage and network refuses him."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

import xensim
from tests.api.acting import API, some
from tests.journeys.conftest import connect
from tests.served import Service
from xensim import Sim

CLASSES = ("Bond", "PBD", "PIF", "SR", "VBD", "VDI", "VIF", "VLAN", "network")
NOBODY = ("nobody@example.org", "no secret at all")


@pytest.fixture
async def sim() -> AsyncIterator[Sim]:
    async with xensim.serve(hosts=2, vms=6, seed=1, tls=True, port=0, pace=0) as pool:
        yield pool


async def test_without_privileges_nothing_changes(service: Service, admin: httpx.AsyncClient, sim: Sim) -> None:
    await connect(admin, sim)
    body = {"name": NOBODY[0], "password": NOBODY[1], "permission": "none"}
    assert (await admin.post(f"{API}/users", json=body)).status_code == 201
    ids = {
        kind: (await some(admin, kind))[0]["id"]
        for kind in (
            "bonds", "hosts", "networks", "pbds", "pifs", "pools", "srs", "vbds", "vdi-snapshots", "vdis", "vifs",
            "vms",
        )
    }  # fmt: skip
    storage = {"hostId": ids["hosts"], "SR_type": "nfs", "device_config": {}, "name_label": "x"}
    known = {**storage, "uuid": sim.db.new_uuid()}
    network = {"name": "x", "pif": ids["pifs"], "vlan": 77}
    bond = {"name": "x", "pifIds": [ids["pifs"]], "bondMode": "lacp"}
    writes: list[tuple[str, str, Any]] = [
        ("POST", "vdis", {"srId": ids["srs"], "virtual_size": 1}),
        ("PATCH", f"vdis/{ids['vdis']}", {"name_label": "x"}),
        ("DELETE", f"vdis/{ids['vdis']}", None),
        ("DELETE", f"vdi-snapshots/{ids['vdi-snapshots']}", None),
        ("POST", f"vdis/{ids['vdis']}/actions/migrate", {"srId": ids["srs"]}),
        ("POST", f"vdis/{ids['vdis']}/actions/copy", {"srId": ids["srs"]}),
        ("POST", f"vdi-snapshots/{ids['vdi-snapshots']}/actions/copy", {"srId": ids["srs"]}),
        ("POST", f"vdis/{ids['vdis']}/actions/resize", {"size": 1 << 50}),
        ("POST", "vbds", {"VM": ids["vms"], "VDI": ids["vdis"]}),
        ("DELETE", f"vbds/{ids['vbds']}", None),
        ("POST", f"vbds/{ids['vbds']}/actions/connect", None),
        ("POST", f"vbds/{ids['vbds']}/actions/disconnect", None),
        ("POST", "vifs", {"vmId": ids["vms"], "networkId": ids["networks"]}),
        ("PATCH", f"vifs/{ids['vifs']}", {"lockingMode": "unlocked"}),
        ("DELETE", f"vifs/{ids['vifs']}", None),
        ("POST", f"vifs/{ids['vifs']}/actions/connect", None),
        ("POST", f"vifs/{ids['vifs']}/actions/disconnect", None),
        ("POST", f"pools/{ids['pools']}/actions/create_network", network),
        ("POST", f"pools/{ids['pools']}/actions/create_bonded_network", bond),
        ("POST", f"pools/{ids['pools']}/actions/create_internal_network", {"name": "x"}),
        ("PATCH", f"networks/{ids['networks']}", {"name_label": "x"}),
        ("DELETE", f"networks/{ids['networks']}", None),
        ("PATCH", f"pifs/{ids['pifs']}", {"mode": "None"}),
        ("POST", f"pifs/{ids['pifs']}/actions/plug", None),
        ("POST", f"pifs/{ids['pifs']}/actions/unplug", None),
        ("DELETE", f"pifs/{ids['pifs']}", None),
        ("DELETE", f"bonds/{ids['bonds']}", None),
        ("POST", "srs", storage),
        ("POST", "srs/actions/probe", {name: storage[name] for name in ("hostId", "SR_type", "device_config")}),
        ("POST", "srs/actions/introduce", known),
        ("PATCH", f"srs/{ids['srs']}", {"name_label": "x"}),
        ("DELETE", f"srs/{ids['srs']}", None),
        ("POST", f"srs/{ids['srs']}/actions/scan", None),
        ("POST", f"srs/{ids['srs']}/actions/forget", None),
        ("POST", f"srs/{ids['srs']}/actions/reclaim_space", None),
        ("POST", f"pbds/{ids['pbds']}/actions/plug", None),
        ("POST", f"pbds/{ids['pbds']}/actions/unplug", None),
    ]
    before = {cls: {ref: dict(sim.db.record(cls, ref)) for ref in sim.db.refs(cls)} for cls in CLASSES}
    async with service.client(auth=NOBODY) as nobody:
        for method, path, content in writes:
            answer = await nobody.request(method, f"{API}/{path}", params={"sync": "true"}, json=content)
            assert answer.status_code in (403, 404), (method, path, answer.text)
            assert answer.json()["code"] in ("missing-privileges", "not-found"), (method, path)
    assert {cls: {ref: sim.db.record(cls, ref) for ref in sim.db.refs(cls)} for cls in CLASSES} == before
