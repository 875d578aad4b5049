"""The user's tasks: run, waited for, aborted, remembered, forgotten."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from podium.cache.objects import Objects
from podium.db.base import Database
from podium.db.tables import TaskRow
from podium.errors import Conflict, IncorrectState, MissingPrivileges, NotFound, PoolUnreachable
from podium.services.access import viewer_of
from podium.services.tasks import KEPT, Progress, Tasks
from tests.accounts import ROOT, Clock, cache


@pytest.fixture
def objects() -> Objects:
    return cache()[0]


@pytest.fixture
async def tasks(database: Database, objects: Objects) -> AsyncIterator[Tasks]:
    async with Tasks(database, objects, clock=Clock()) as one:
        yield one


async def nothing(_: Progress) -> None:
    return


async def stuck(_: Progress) -> None:
    await asyncio.Event().wait()


async def test_a_task_is_shown_while_it_runs_and_after(tasks: Tasks) -> None:
    go = asyncio.Event()

    async def work(progress: Progress) -> dict[str, int]:
        progress.at(33.333)
        progress.info("half-way", {"step": 1})
        progress.warning("careful")
        await go.wait()
        return {"answer": 42}

    running = await tasks.start("do it", work, viewer=ROOT, about=("server", "s1"), params={"force": True})
    pending = tasks.get(running.task_id)
    assert pending.status == "pending"
    assert pending.properties.name == "do it"
    assert (pending.properties.object_type, pending.properties.object_id) == ("server", "s1")
    assert pending.properties.user_id == "root"
    assert pending.properties.params == {"force": True}
    await asyncio.sleep(0)
    assert tasks.get(running.task_id).progress == 33.3
    go.set()
    assert await running.result() == {"answer": 42}
    ended = await tasks.wait(running.task_id)
    assert (ended.status, ended.result, ended.end) == ("success", {"answer": 42}, 1_800_000_000_000)
    assert [note.message for note in ended.infos or ()] == ["half-way"]
    assert [note.message for note in ended.warnings or ()] == ["careful"]


async def test_a_deliberate_error_is_told_and_raised(tasks: Tasks) -> None:
    async def work(_: Progress) -> None:
        raise PoolUnreachable("10.0.0.1 does not answer")

    running = await tasks.start("connect", work, viewer=ROOT)
    with pytest.raises(PoolUnreachable):
        await running.result()
    task = tasks.get(running.task_id)
    assert task.status == "failure"
    assert isinstance(task.result, dict)
    assert task.result["code"] == "pool-unreachable"
    assert task.result["message"] == "10.0.0.1 does not answer"


async def test_a_defect_is_logged_and_not_told(tasks: Tasks) -> None:
    async def work(_: Progress) -> None:
        raise KeyError("the secret inside")

    with capture_logs() as logs:
        running = await tasks.start("break", work, viewer=ROOT)
        with pytest.raises(KeyError):
            await running.result()
    assert logs[0]["event"] == "a task failed unexpectedly"
    assert "secret" not in str(tasks.get(running.task_id))


async def test_abort(tasks: Tasks) -> None:
    running = await tasks.start("wait", stuck, viewer=ROOT)
    await tasks.abort(running.task_id, viewer=ROOT)
    task = tasks.get(running.task_id)
    assert task.status == "failure"
    assert isinstance(task.result, dict)
    assert task.result["code"] == "aborted"
    assert task.abortion_requested_at == 1_800_000_000_000
    with pytest.raises(Conflict):
        await running.result()
    with pytest.raises(NotFound):
        await tasks.abort(running.task_id, viewer=ROOT)


async def test_ids_sort_by_time(tasks: Tasks) -> None:
    ids = [(await tasks.start("x", nothing, viewer=ROOT)).task_id for _ in range(20)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 20
    assert all(len(one) == 19 and one.isalnum() for one in ids)


async def test_what_ran_is_interrupted_at_the_end(database: Database, objects: Objects) -> None:
    async with Tasks(database, objects) as tasks:
        running = await tasks.start("wait", stuck, viewer=ROOT)
    assert tasks.get(running.task_id).status == "interrupted"
    async with database.read() as tx:
        assert (await tx.get_one(TaskRow, running.task_id)).status == "interrupted"


async def test_what_was_cut_off_is_interrupted_at_the_next_start(database: Database, objects: Objects) -> None:
    async with Tasks(database, objects) as tasks:
        done = await tasks.start("done", nothing, viewer=ROOT)
        await done.result()
        cut = await tasks.start("cut off", stuck, viewer=ROOT)
        async with Tasks(database, cache()[0]) as later:  # as after a crash: nobody wrote an end
            assert later.get(cut.task_id).status == "interrupted"
            assert later.get(cut.task_id).end
            assert later.get(done.task_id) == tasks.get(done.task_id)


async def test_forgetting(tasks: Tasks, database: Database) -> None:
    done = await tasks.start("done", nothing, viewer=ROOT)
    await done.result()
    running = await tasks.start("wait", stuck, viewer=ROOT)
    with pytest.raises(MissingPrivileges):
        await tasks.delete(done.task_id, viewer=viewer_of("ada", "none"))
    await tasks.clear(viewer=viewer_of("ada", "none"))
    assert tasks.get(done.task_id).status == "success"
    with pytest.raises(IncorrectState):
        await tasks.delete(running.task_id, viewer=ROOT)
    await tasks.clear(viewer=ROOT)
    with pytest.raises(NotFound):
        tasks.get(done.task_id)
    with pytest.raises(NotFound):
        await tasks.delete(done.task_id, viewer=ROOT)
    assert tasks.get(running.task_id).status == "pending"
    async with database.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(TaskRow)) == 1


async def test_only_so_many_are_kept(tasks: Tasks, objects: Objects, database: Database) -> None:
    old = [TaskRow(id=f"0{n:08}-x", status="success", start_ms=n, body=b"") for n in range(KEPT + 5)]
    async with database.begin() as tx:
        tx.add_all(old)
    running = await tasks.start("first", nothing, viewer=ROOT)
    await running.result()
    first = tasks.get(running.task_id)
    objects.apply(None, [type(first)(id=row.id, status="success", start=0, properties=first.properties) for row in old])
    await (await tasks.start("another", nothing, viewer=ROOT)).attendant
    assert len(objects.ordered("task")) == KEPT
    assert objects.ordered("task")[0].id == old[7].id
    async with database.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(TaskRow)) == KEPT
