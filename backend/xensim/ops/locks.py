"""One operation at a time: how a call takes its place in `current_operations`, waits for others, and leaves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.ops import appliance_rules, devices, vm_rules
from xensim.ops.values import mapping
from xensim.registry import Call

# XenServer waits for hours while an object is busy; a simulator's clients have less patience: half a minute.
RETRIES = 600
WAIT_S = 0.05
SHORTEST_WAIT_S = 0.005
STEPS = 4

_OVERRULES = frozenset({"hard_shutdown", "hard_reboot"})


@asynccontextmanager
async def vm_operation(call: Call, vm: str, op: str, *, force: bool = False) -> AsyncIterator[None]:
    """Run `op` on a VM: checked, waited for, shown in `current_operations` for as long as the body takes.

    `force`: whatever the guest can do. Raises what the checks raise; OTHER_OPERATION_IN_PROGRESS only when waiting was
    in vain.
    """
    await _when_free(call, lambda: vm_rules.check(call.db, vm, op, force=force))
    if op in _OVERRULES:
        cancel_others(call, vm)
    _enter(call, "VM", vm, op)
    settle_vm(call.db, vm)
    try:
        yield
    finally:
        _leave(call, "VM", vm)
        if call.db.exists("VM", vm):
            settle_vm(call.db, vm)


@asynccontextmanager
async def object_operation(
    call: Call, cls: str, ref: str, op: str, *, beside: Collection[str] = ()
) -> AsyncIterator[None]:
    """The same for a VDI, SR, VBD, VIF or host: one operation at a time, whatever it is; checks are the caller's.

    `beside`: operations that do not stand in the way of this one.
    """

    def check() -> None:
        operations = mapping(call.db.field(cls, ref, "current_operations"))
        if not set(operations.values()) <= set(beside):
            raise vm_rules.busy(cls, ref, operations)

    await _when_free(call, check)
    _enter(call, cls, ref, op)
    try:
        yield
    finally:
        _leave(call, cls, ref)


async def work(call: Call, seconds: float, *, steps: int = STEPS, start: float = 0.0, end: float = 0.9) -> None:
    """Take so many seconds of simulated time, with progress on the way; raises TASK_CANCELLED when cancelled."""
    for step in range(1, steps + 1):
        await call.progress(start + (end - start) * step / steps)
        await call.sleep(seconds / steps)


async def steady(call: Call, seconds: float, *, start: float = 0.0, end: float = 0.9) -> None:
    """The same for what cannot be stopped any more."""
    call.pool.tasks.keep(call.task)
    for step in range(1, STEPS + 1):
        call.pool.tasks.progress(call.task, start + (end - start) * step / STEPS)
        await asyncio.sleep(call.pool.pace * seconds / STEPS)


def settle_vm(db: Database, vm: str) -> None:
    """Bring `allowed_operations` of a VM, and of its appliance, up to date."""
    db.set("VM", vm, allowed_operations=vm_rules.allowed(db, vm))
    appliance_rules.refresh(db, str(db.field("VM", vm, "appliance")))


def cancel_others(call: Call, vm: str) -> None:
    """Ask whatever runs on the VM to stop: hard operations do not wait."""
    for task in mapping(call.db.field("VM", vm, "current_operations")):
        if task != call.task and call.db.exists("task", task):
            call.pool.tasks.cancel(task)


async def _when_free(call: Call, check: Callable[[], None]) -> None:
    for _ in range(RETRIES):
        try:
            check()
        except XapiFailure as failure:
            if failure.code != "OTHER_OPERATION_IN_PROGRESS":
                raise
        else:
            return
        await asyncio.sleep(max(SHORTEST_WAIT_S, WAIT_S * call.pool.pace))
        call.check()
    check()


def _enter(call: Call, cls: str, ref: str, op: str) -> None:
    operations = mapping(call.db.field(cls, ref, "current_operations"))
    call.db.set(cls, ref, current_operations={**operations, call.task: op})
    if cls == "VDI":
        devices.refresh_vdi(call.db, ref)


def _leave(call: Call, cls: str, ref: str) -> None:
    if call.db.exists(cls, ref):
        operations = mapping(call.db.field(cls, ref, "current_operations"))
        call.db.set(cls, ref, current_operations={k: op for k, op in operations.items() if k != call.task})
        if cls == "VDI":
            devices.refresh_vdi(call.db, ref)
