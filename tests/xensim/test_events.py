"""`event.from` and its elders: tokens, coalescing, order, deletions, waiting."""

import asyncio
import random
from typing import Any

import pytest

import xensim
from tests.xensim.caller import Caller
from xensim.database import REMEMBERED
from xensim.failures import XapiFailure
from xensim.schema import load

NO_EVENTS = {"session", "user", "secret", "role"}


def seen(batch: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(event["class"], event["operation"], event["ref"]) for event in batch["events"]]


async def fails(caller: Caller, *params: object) -> list[str]:
    with pytest.raises(XapiFailure) as caught:
        await caller.call("event.from", *params)
    return caught.value.description


async def test_the_empty_token_brings_everything_as_it_is(caller: Caller) -> None:
    batch = await caller.events(["*"])
    assert {event["operation"] for event in batch["events"]} == {"add"}
    db, by_lower = caller.sim.db, load().by_lower
    sent = {(by_lower[event["class"]], event["ref"]): event["snapshot"] for event in batch["events"]}
    there = {
        (name, ref): row.record
        for name, cls in load().classes.items()
        if cls.events
        for ref, row in db.rows(name).items()
    }
    assert sent == there
    assert set(batch["valid_ref_counts"]) == set(by_lower)
    for name in load().classes:
        count = 0 if name in ("message", "role") else db.count(name)
        assert batch["valid_ref_counts"][name.lower()] == count
    assert not NO_EVENTS & {cls for cls, _ in sent}


async def test_a_token_is_where_the_subscribed_classes_are(caller: Caller) -> None:
    everything = (await caller.events(["*"]))["token"]
    assert len(everything) == 41
    pool = (await caller.events(["pool"]))["token"]
    assert pool < everything
    assert pool.endswith(",00000000000000000000")
    assert (await caller.events(["pool"], pool, 0.0))["token"] == pool
    assert (await caller.events(["frob"], "", 0.0))["token"] == "00000000000000000000,00000000000000000000"
    assert (await caller.events(["pool"], "0,0", 0.0))["events"] != []


async def test_many_changes_of_an_object_are_one_event(caller: Caller) -> None:
    sim = caller.sim
    vm = sim.create("VM", name_label="a")
    token = (await caller.events(["*"]))["token"]
    for number in range(5):
        sim.set("VM", vm, name_label=f"name {number}")
    batch = await caller.events(["vm"], token)
    assert seen(batch) == [("vm", "mod", vm)]
    assert batch["events"][0]["snapshot"]["name_label"] == "name 4"
    assert batch["events"][0]["timestamp"] == "0.0"
    assert batch["token"].startswith(f"{sim.db.generation:020d}")


async def test_created_then_changed_is_an_add_and_created_then_gone_is_nothing(caller: Caller) -> None:
    sim = caller.sim
    token = (await caller.events(["*"]))["token"]
    kept = sim.create("network", name_label="kept")
    sim.set("network", kept, name_label="renamed")
    sim.destroy("network", sim.create("network", name_label="brief"))
    batch = await caller.events(["network"], token)
    assert seen(batch) == [("network", "add", kept)]
    assert int(batch["events"][0]["id"]) < sim.db.generation
    assert (await caller.events(["network"], batch["token"], 0.0))["events"] == []


async def test_both_ends_of_a_relation_change(caller: Caller) -> None:
    sim = caller.sim
    vm, vdi = sim.create("VM"), sim.create("VDI")
    token = (await caller.events(["*"]))["token"]
    vbd = sim.create("VBD", VM=vm, VDI=vdi)
    first, *others = seen(await caller.events(["vm", "vbd", "vdi"], token))
    assert first == ("vbd", "add", vbd)
    assert set(others) == {("vdi", "mod", vdi), ("vm", "mod", vm)}
    assert sim.db.field("VM", vm, "VBDs") == sim.db.field("VDI", vdi, "VBDs") == [vbd]
    token = (await caller.events(["*"]))["token"]
    sim.destroy("VBD", vbd)
    batch = await caller.events(["*"], token)
    *others, last = seen(batch)
    assert last == ("vbd", "del", vbd)
    assert set(others) == {("vdi", "mod", vdi), ("vm", "mod", vm)}
    assert "snapshot" not in batch["events"][-1]


async def test_the_order_is_messages_then_add_then_mod_then_del(caller: Caller) -> None:
    sim = caller.sim
    gone, changed, old = sim.create("network"), sim.create("network"), sim.pool.emit_message("OLD", 5, "Pool", "x", "")
    token = (await caller.events(["*"]))["token"]
    sim.destroy("network", gone)
    sim.set("network", changed, name_label="x")
    added = sim.create("SR")
    sim.destroy("message", old)
    message = sim.pool.emit_message("NEW", 5, "Pool", "x", "")
    batch = await caller.events(["*"], token)
    assert seen(batch) == [
        ("message", "del", old),
        ("message", "add", message),
        ("sr", "add", added),
        ("network", "mod", changed),
        ("network", "del", gone),
    ]
    assert [event["id"] for event in batch["events"][:2]] == ["0", "0"]


async def test_messages_are_replayed_to_tokens_without_a_message_part(caller: Caller) -> None:
    sim = caller.sim
    message = sim.pool.emit_message("ONE", 5, "Pool", "x", "")
    token = (await caller.events(["pool"]))["token"]
    batch = await caller.events(["message"], token)
    assert ("message", "add", message) in seen(batch)
    assert len(batch["events"]) == sim.db.count("message")
    assert (await caller.events(["message"], batch["token"], 0.0))["events"] == []
    assert batch["valid_ref_counts"]["message"] == 0


async def test_single_objects_may_be_followed(caller: Caller) -> None:
    sim = caller.sim
    one, other = sim.create("VM"), sim.create("VM")
    assert seen(await caller.events([f"VM/{one}"])) == [("vm", "add", one)]
    token = (await caller.events(["*"]))["token"]
    sim.set("VM", other, name_label="x")
    sim.set("VM", one, name_label="x")
    assert seen(await caller.events([f"vm/{one}"], token)) == [("vm", "mod", one)]


async def test_deletions_are_forgotten_by_and_by(caller: Caller) -> None:
    sim = caller.sim
    networks = [sim.create("network") for _ in range(2 * REMEMBERED)]
    token = (await caller.events(["*"]))["token"]
    for network in networks[:-1]:
        sim.destroy("network", network)
    assert len((await caller.events(["network"], token))["events"]) == 2 * REMEMBERED - 1
    sim.destroy("network", networks[-1])
    batch = await caller.events(["network"], token)
    assert [ref for _, _, ref in seen(batch)] == networks[: REMEMBERED - 1 : -1]
    assert batch["valid_ref_counts"]["network"] == sim.db.count("network")


async def test_bad_tokens_and_subscriptions(caller: Caller) -> None:
    for token in ("not-a-token", "a,b", "1", "1,2,3", "-1,0"):
        assert await fails(caller, ["vm"], token, 0.0) == ["EVENT_FROM_TOKEN_PARSE_FAILURE", token]
    assert await fails(caller, ["vm/a/b"], "", 0.0) == ["EVENT_SUBSCRIPTION_PARSE_FAILURE", "vm/a/b"]


async def test_a_token_from_the_future_waits(caller: Caller) -> None:
    batch = await caller.events(["*"], "99999999999,99999999999", 0.0)
    assert batch["events"] == []
    assert batch["token"] == "00000000099999999999,00000000099999999999"


async def test_waiting_ends_by_a_change_of_interest_only(caller: Caller) -> None:
    sim, loop = caller.sim, asyncio.get_running_loop()
    token = (await caller.events(["*"]))["token"]
    started = loop.time()
    waiting = asyncio.create_task(caller.events(["network"], token, 20.0))
    await asyncio.sleep(0.1)
    sim.create("VM")
    await asyncio.sleep(0.1)
    assert not waiting.done()
    network = sim.create("network")
    assert seen(await waiting) == [("network", "add", network)]
    assert loop.time() - started < 5


async def test_timeouts_and_the_first_wait(caller: Caller) -> None:
    token, loop = (await caller.events(["*"]))["token"], asyncio.get_running_loop()
    started = loop.time()
    assert (await caller.events(["vbd"], token, 0.0))["events"] == []
    assert 0.04 < loop.time() - started < 1.0
    started = loop.time()
    assert (await caller.events(["vbd"], token, 0.2))["events"] == []
    assert 0.19 < loop.time() - started < 1.5
    task = caller.sim.create("task", name_label="x")
    started = loop.time()
    assert seen(await caller.events(["task"], token)) == [("task", "add", task)]
    assert loop.time() - started < 0.05  # tasks are not made to wait
    for timeout in (-1.0, 1e12):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(caller.events(["vbd"], token, timeout), 0.2)


async def test_an_injected_token_is_just_before_its_event(caller: Caller) -> None:
    pool = caller.sim.pool.ref
    token = await caller.call("event.inject", "pool", pool)
    batch = await caller.events(["pool"], token)
    assert seen(batch) == [("pool", "mod", pool)]
    assert token < batch["token"]
    assert int(token.split(",")[0]) == int(batch["events"][0]["id"]) - 1
    with pytest.raises(XapiFailure, match="HANDLE_INVALID"):
        await caller.call("event.inject", "Pool", pool)


async def test_a_mirror_that_follows_events_is_the_database() -> None:
    """Whatever happens and whenever one looks: upserts and removals lead to the same records."""
    async with xensim.serve(hosts=2, vms=5, tls=False, pace=0.0) as sim:
        caller, rng = await Caller(sim).login(), random.Random(7)
        mirror: dict[str, dict[str, Any]] = {}
        token = ""
        for _ in range(12):
            batch = await caller.events(["*"], token, 0.0)
            token = batch["token"]
            for event in batch["events"]:
                if event["operation"] == "del":
                    mirror.pop(event["ref"], None)
                else:
                    mirror[event["ref"]] = event["snapshot"]
            expected = {
                ref: row.record
                for name, cls in load().classes.items()
                if cls.events
                for ref, row in sim.db.rows(name).items()
            }
            assert mirror == expected
            for _ in range(rng.randrange(40)):
                _disturb(sim, rng)


def _disturb(sim: xensim.Sim, rng: random.Random) -> None:
    match rng.randrange(5):
        case 0:
            sim.create("VBD", VM=rng.choice(list(sim.db.refs("VM"))), VDI=rng.choice(list(sim.db.refs("VDI"))))
        case 1:
            sim.destroy("VBD", rng.choice(list(sim.db.refs("VBD"))))
        case 2:
            sim.set("VM", rng.choice(list(sim.db.refs("VM"))), name_label=str(rng.random()))
        case 3:
            sim.set("VM", rng.choice(list(sim.db.refs("VM"))), resident_on=rng.choice(list(sim.db.refs("host"))))
        case 4:
            sim.pool.emit_message("X", 5, "VM", "u", str(rng.random()))


async def test_the_older_calls_have_a_queue(caller: Caller) -> None:
    sim = caller.sim
    vm = sim.create("VM")
    with pytest.raises(XapiFailure, match="SESSION_NOT_REGISTERED"):
        await caller.call("event.next")
    await caller.call("event.register", ["vm"])
    sim.set("VM", vm, name_label="one")
    sim.set("VM", vm, name_label="two")
    sim.create("network")
    events = await caller.call("event.next")
    assert [(event["id"], event["snapshot"]["name_label"]) for event in events] == [("0", "one"), ("1", "two")]
    assert events[0]["timestamp"].endswith(".")
    assert await caller.call("event.get_current_id") >= 3
    await caller.call("event.unregister", ["vm"])
    with pytest.raises(XapiFailure, match="SESSION_NOT_REGISTERED"):
        await caller.call("event.next")
