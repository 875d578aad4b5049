"""Calls that an operation makes of others under tasks of their own, as XAPI does with `Async.` to itself."""

import asyncio
from collections.abc import Sequence
from typing import cast

from xensim.failures import XapiFailure
from xensim.registry import Call


async def run(call: Call, method: str, *arguments: object) -> object:
    """Perform `method` under a new task, part of the caller's; cancelled together with it. Raises what it raises."""
    tasks = call.pool.tasks
    task = tasks.create(f"Async.{method}", call.session, cancellable=True)
    lasting = call.db.exists("task", call.task) and _is_async(call)
    if lasting:
        call.db.set("task", task, subtask_of=call.task)
    try:
        result = await _watched(call, task, method, *arguments)
        tasks.succeed(task, result, call.pool.schema.methods[method].result)
    except XapiFailure as failure:
        tasks.fail(task, failure)
        raise
    finally:
        if not lasting:  # the caller's own row goes with its call, and so does ours
            tasks.remove(task)
    return result


async def run_all(call: Call, calls: Sequence[tuple[object, ...]], *, at_once: int) -> list[XapiFailure | None]:
    """Perform many, so many at once; the failure of each, None for success. Moves the progress of the caller's task."""
    outcomes: list[XapiFailure | None] = []
    for at in range(0, len(calls), at_once):
        batch = calls[at : at + at_once]
        results = await asyncio.gather(*(_outcome(call, *one) for one in batch))
        outcomes += results
        call.pool.tasks.progress(call.task, 0.9 * len(outcomes) / len(calls))
        call.check()
    return outcomes


def _is_async(call: Call) -> bool:
    return str(call.db.field("task", call.task, "name_label")).startswith(("Async.", "InternalAsync."))


async def _outcome(call: Call, *one: object) -> XapiFailure | None:
    try:
        await run(call, cast("str", one[0]), *one[1:])
    except XapiFailure as failure:
        return failure
    return None


async def _watched(call: Call, task: str, method: str, *arguments: object) -> object:
    """The work, asked to stop as soon as somebody cancels the task it is for."""
    tasks = call.pool.tasks
    inner = Call(call.pool, call.session, task, call.method)
    work = asyncio.ensure_future(inner.call(method, *arguments))
    if not tasks.tracks(call.task):
        return await work
    watch = asyncio.ensure_future(tasks.cancelled(call.task))
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            tasks.cancel(task)
        return await work
    finally:
        watch.cancel()
        if not work.done():
            work.cancel()
