"""Churn: the pool stays coherent whatever happens, the seed decides what happens, and the pace is kept."""

import asyncio
import time
from collections import Counter

import pytest

from xensim import graph
from xensim.clock import Clock
from xensim.graph.coherence import problems
from xensim.ops import memory, vm_rules
from xensim.ops.churn import MESSAGES, TASKS, WEIGHTS, Churn
from xensim.pool import Pool

# Churn destroys nothing that others point to, so the builder's own dangling refs are all there may be.
WOBBLE = 8192 * 4096  # bytes of host memory that churn adds or takes away


def build(vms: int = 40, seed: int = 1) -> Pool:
    pool = Pool(clock=Clock(lambda: 1_790_000_000.0))
    graph.build(pool, hosts=2, vms=vms, seed=seed)
    return pool


def assert_sound(pool: Pool) -> None:
    assert problems(pool.db) == []
    for host in pool.db.refs("host"):
        assert abs(memory.free(pool.db, host) - memory.balance(pool.db, host)) <= WOBBLE
    for ref, row in pool.db.rows("VM").items():
        assert row.record["allowed_operations"] == vm_rules.allowed(pool.db, ref)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_random_walk_never_leaves_a_sound_pool(seed: int) -> None:
    pool = build(seed=seed)
    churn = Churn(pool, seed=seed)
    for _ in range(8):
        for _ in range(150):
            churn.step()
        assert_sound(pool)


@pytest.mark.parametrize("kind", list(WEIGHTS))
def test_each_kind_alone_changes_something_and_breaks_nothing(kind: str) -> None:
    pool = build()
    churn = Churn(pool, kinds=[kind])
    generation = pool.db.generation
    assert {churn.step() for _ in range(100)} == {kind}
    assert pool.db.generation >= generation + 100
    assert_sound(pool)


def test_names_only_means_names_only() -> None:
    pool = build()
    before = {ref: dict(row.record) for ref, row in pool.db.rows("VM").items()}
    generation = pool.db.generation
    churn = Churn(pool, kinds=["vm-name"])
    for _ in range(50):
        churn.step()
    changed = list(pool.db.changed_since(generation))
    assert {row.cls.name for row in changed} == {"VM"}
    for row in changed:
        assert {name for name, value in row.record.items() if before[row.ref][name] != value} == {"name_label"}
        assert not row.record["is_a_template"]
        assert not row.record["is_control_domain"]


def test_names_do_not_grow_for_ever() -> None:
    pool = build(vms=1)
    churn = Churn(pool, kinds=["vm-name"])
    for _ in range(500):
        churn.step()
    assert max(len(str(row.record["name_label"])) for row in pool.db.rows("VM").values()) < 80


def test_the_seed_decides_what_happens() -> None:
    def walk(seed: int) -> list[dict[str, object]]:
        pool = build()
        churn = Churn(pool, seed=seed)
        for _ in range(400):
            churn.step()
        return [row.record for cls in ("VM", "task", "message", "VBD") for row in pool.db.rows(cls).values()]

    assert walk(3) == walk(3)
    assert walk(3) != walk(4)


def test_every_kind_comes_up_about_as_often_as_it_should() -> None:
    churn = Churn(build(vms=200))
    kinds = Counter(churn.step() for _ in range(3000))
    assert set(kinds) == set(WEIGHTS)
    assert kinds["vm-memory"] > kinds["vm-power"] > 0
    assert churn.made == 3000


def test_most_vms_keep_running() -> None:
    pool = build(vms=100)
    churn = Churn(pool, kinds=["vm-power"])
    for _ in range(1000):
        churn.step()
    states = [r.record["power_state"] for r in pool.db.rows("VM").values() if not r.record["is_a_template"]]
    assert states.count("Running") > len(states) / 3
    assert {"Halted", "Paused"} <= set(states)


def test_messages_and_tasks_do_not_pile_up() -> None:
    pool = build()
    messages, tasks = pool.db.count("message"), pool.db.count("task")
    churn = Churn(pool, kinds=["message", "task"])
    for _ in range(2000):
        churn.step()
    assert pool.db.count("message") <= messages + MESSAGES
    assert pool.db.count("task") <= tasks + TASKS


def test_vms_that_others_work_on_are_left_alone() -> None:
    pool = build()
    for ref in pool.db.refs("VM"):
        pool.db.set("VM", ref, current_operations={"OpaqueRef:task": "start"})
    assert Churn(pool, kinds=["vm-power"]).step() == ""


def test_destroyed_objects_are_forgotten() -> None:
    pool = build(vms=3)
    churn = Churn(pool)
    churn.step()
    for cls in ("VM", "task", "message"):
        for ref in list(pool.db.refs(cls)):
            pool.db.destroy(cls, ref)
    for _ in range(50):
        churn.step()


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind of change: frob"):
        Churn(build(vms=1), kinds=["frob"])


@pytest.mark.parametrize("rate", [50, 2000])
async def test_the_pace_is_kept(rate: int) -> None:
    churn = Churn(build(), rate, kinds=["vm-name", "vm-tag"])
    started = time.monotonic()
    running = asyncio.create_task(churn.run())
    await asyncio.sleep(0.6)
    running.cancel()
    elapsed = time.monotonic() - started
    assert churn.made <= rate * elapsed + 1
    assert churn.made >= rate * elapsed * 0.3  # a busy machine may be late, and drops what is too late


async def test_no_rate_means_no_changes() -> None:
    churn = Churn(build(vms=1))
    running = asyncio.create_task(churn.run())
    await asyncio.sleep(0.05)
    running.cancel()
    assert churn.made == 0


def test_changes_are_cheap() -> None:
    """2,000 of them a second must leave most of a processor to whoever reads them."""
    pool = build(vms=2000)
    churn = Churn(pool, kinds=["vm-name", "vm-memory", "host-memory", "guest-ip", "vm-tag"])
    churn.step()
    started = time.process_time()
    for _ in range(4000):
        churn.step()
    assert (time.process_time() - started) / 4000 < 250e-6  # about 15 µs on an idle machine
