"""A host, a pool of its own, that becomes a member of another pool."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import xensim
from tests.xensim.caller import Caller, failure
from tests.xensim.lab import vdi_record
from xensim import Sim
from xensim.failures import XapiFailure
from xensim.graph.coherence import problems
from xensim.neighbours import Neighbours
from xensim.ops import host_power
from xensim.ops.values import strings, text


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sim]:
    """Two hosts whose hours pass in a blink."""
    monkeypatch.setattr(host_power, "REPLY_S", 0.02)
    async with xensim.serve(hosts=2, vms=0, tls=False, pace=0.001, login_penalty_s=0.0) as sim:
        yield sim


@pytest.fixture
async def neighbours(pool: Sim) -> AsyncIterator[Neighbours]:
    known = Neighbours()
    known.add(pool)
    yield known
    await known.close()


async def ejected(pool: Sim, neighbours: Neighbours) -> Sim:
    """The pool that the second host of `pool` becomes."""
    caller = await Caller(pool).login()
    member = next(host for host in pool.db.refs("host") if host != pool.pool.coordinator)
    await caller.call("pool.eject", member)
    async with asyncio.timeout(10):
        while len(neighbours.sims) < 2:
            await asyncio.sleep(0.01)
    return neighbours.sims[1]


async def refused(caller: Caller, *arguments: object) -> list[str]:
    with pytest.raises(XapiFailure) as caught:
        await caller.call("pool.join", *arguments)
    return failure(caught.value)


async def test_an_ejected_host_is_a_pool_of_its_own(pool: Sim, neighbours: Neighbours) -> None:
    member = next(host for host in pool.db.refs("host") if host != pool.pool.coordinator)
    before = dict(pool.db.record("host", member))
    single = await ejected(pool, neighbours)
    caller = await Caller(single).login()
    (host,) = await caller.call("host.get_all_records")
    record = await caller.call("host.get_record", host)
    assert [record[name] for name in ("uuid", "name_label", "address")] == [
        before[name] for name in ("uuid", "name_label", "address")
    ]
    assert host != member
    assert await caller.call("pool.get_name_label", single.pool.ref) == ""
    assert single.db.field("pool", single.pool.ref, "uuid") != pool.db.field("pool", pool.pool.ref, "uuid")
    assert problems(single.db) == []


async def test_a_host_joins_with_its_storage_and_answers_as_a_member(pool: Sim, neighbours: Neighbours) -> None:
    single = await ejected(pool, neighbours)
    address = single.coordinator
    uuid = text(single.db.field("host", single.pool.coordinator, "uuid"))
    local = single.db.by_name("SR", "Local storage")[0]
    storage = text(single.db.field("SR", local, "uuid"))
    joiner = await Caller(single).login()
    vdi = await joiner.call("VDI.create", vdi_record(local))
    single.pool.contents.write(vdi, 3 << 20, b"mine")
    disk = text(single.db.field("VDI", vdi, "uuid"))

    await joiner.call("pool.join", pool.coordinator, "root", "xensim")
    host = pool.db.by_uuid("host", uuid)
    async with asyncio.timeout(10):
        while not pool.db.field("host", host, "enabled"):
            await pool.db.changed.wait()
    assert len(pool.db.refs("host")) == 2
    assert neighbours.sims == [pool]
    assert address in pool.addresses
    found = pool.db.by_uuid("VDI", disk)
    assert pool.db.field("VDI", found, "SR") == pool.db.by_uuid("SR", storage)
    assert pool.pool.contents.read(found, 3 << 20, 4) == b"mine"
    nfs = pool.db.by_name("SR", "NFS vm-store")[0]
    assert host in {pool.db.field("PBD", pbd, "host") for pbd in strings(pool.db.field("SR", nfs, "PBDs"))}
    management = pool.db.by_name("network", "Pool-wide network associated with eth0")[0]
    assert len(strings(pool.db.field("network", management, "PIFs"))) == 2
    assert problems(pool.db) == []
    member = Caller(pool, address=address)
    with pytest.raises(XapiFailure) as caught:
        await member.login()
    assert failure(caught.value) == ["HOST_IS_SLAVE", pool.coordinator]


async def test_what_keeps_a_host_from_joining(pool: Sim, neighbours: Neighbours) -> None:
    target = (pool.coordinator, "root", "xensim")
    member = await Caller(pool).login()
    assert await refused(member, *target) == ["JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS"]
    single = await ejected(pool, neighbours)
    caller = await Caller(single).login()
    assert await refused(caller, "10.9.9.9", "root", "xensim") == ["JOINING_HOST_CONNECTION_FAILED"]
    host, db = single.pool.coordinator, single.db
    cpu, version = db.entries("host", host, "cpu_info"), db.entries("host", host, "software_version")
    db.set("host", host, cpu_info={**cpu, "vendor": "AuthenticAMD"})
    assert await refused(caller, *target) == ["HOSTS_NOT_HOMOGENEOUS", "CPUs differ"]
    db.set("host", host, cpu_info=cpu, software_version={**version, "product_version": "8.2.1"})
    assert await refused(caller, *target) == ["POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION"]
    db.set("host", host, software_version=version)
    wrong = await refused(caller, pool.coordinator, "root", "wrong")
    assert wrong == ["SESSION_AUTHENTICATION_FAILED", "root", "Authentication failure"]
    share = {"server": "10.20.0.250", "serverpath": "/export"}
    sr = await caller.call("SR.create", host, share, 0, "shared", "", "nfs", "user", True, {})
    assert await refused(caller, *target) == ["JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS"]
    db.destroy("SR", sr)
    db.create("Bond", {})
    assert await refused(caller, *target) == ["POOL_JOINING_HOST_HAS_BONDS"]
    assert len(pool.db.refs("host")) == 1
