"""VM_appliance.start, shutdown and destroy: VMs that start one after the other, and stop the other way round.

Source: xapi_vm_appliance.ml.
"""

from itertools import groupby

from xensim.failures import XapiFailure
from xensim.ops import appliance_rules, subtasks
from xensim.ops.locks import object_operation, settle_vm
from xensim.ops.values import number, strings
from xensim.registry import Call, operation
from xensim.schema import NULL_REF


@operation("VM_appliance.start")
async def start(call: Call, appliance: str, paused: bool) -> None:
    await _run(call, appliance, "start", paused, False)


@operation("VM_appliance.clean_shutdown")
async def clean_shutdown(call: Call, appliance: str) -> None:
    await _run(call, appliance, "clean_shutdown")


@operation("VM_appliance.hard_shutdown")
async def hard_shutdown(call: Call, appliance: str) -> None:
    await _run(call, appliance, "hard_shutdown")


@operation("VM_appliance.shutdown")
async def shutdown(call: Call, appliance: str) -> None:
    await _run(call, appliance, "shutdown")


@operation("VM_appliance.destroy")
def destroy(call: Call, appliance: str) -> None:
    """Its VMs stay, and are nobody's."""
    for vm in list(strings(call.db.field("VM_appliance", appliance, "VMs"))):
        call.db.set("VM", vm, appliance=NULL_REF)
        settle_vm(call.db, vm)
    call.db.destroy("VM_appliance", appliance)


async def _run(call: Call, appliance: str, op: str, *arguments: object) -> None:
    """One `order` of VMs after the other, those of one order side by side; what fails does not stop the rest.

    VMs that are where the operation would bring them are left alone. Raises OPERATION_PARTIALLY_FAILED with those that
    failed.
    """
    db = call.db
    appliance_rules.check(db, appliance, op)
    failed: list[str] = []
    try:
        async with object_operation(call, "VM_appliance", appliance, op):
            appliance_rules.refresh(db, appliance)
            for group in _groups(call, appliance, op):
                calls = [(f"VM.{op}", vm, *arguments) for vm in group]
                outcomes = await subtasks.run_all(call, calls, at_once=len(calls))
                failed += [vm for vm, failure in zip(group, outcomes, strict=True) if failure is not None]
                await call.sleep(max(_delay(call, vm, op) for vm in group))
    finally:
        appliance_rules.refresh(db, appliance)
    if failed:
        raise XapiFailure("OPERATION_PARTIALLY_FAILED", f"VM_appliance.{op}", *failed)


def _groups(call: Call, appliance: str, op: str) -> list[list[str]]:
    """The VMs that the operation concerns, by their `order`: the lowest starts first and stops last."""
    db = call.db
    vms = strings(db.field("VM_appliance", appliance, "VMs"))

    def order(vm: str) -> int:
        return number(db.field("VM", vm, "order"))

    concerned = [vm for vm in vms if db.field("VM", vm, "power_state") in appliance_rules.STATES[op]]
    concerned.sort(key=order, reverse=op != "start")
    return [list(group) for _, group in groupby(concerned, key=order)]


def _delay(call: Call, vm: str, op: str) -> float:
    """Seconds that the next ones wait for this VM to start; nothing when it is gone, or stops."""
    if op != "start" or not call.db.exists("VM", vm):
        return 0.0
    return float(number(call.db.field("VM", vm, "start_delay")))
