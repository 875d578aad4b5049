"""VTPM.create and destroy: the trusted platform module of a VM, one at most. Source: xapi_vtpm.ml."""

from xensim.failures import XapiFailure
from xensim.ops import vm_rules
from xensim.ops.locks import vm_operation
from xensim.ops.values import strings, text
from xensim.registry import Call, operation

MOST = 1  # of a VM


@operation("VTPM.create")
async def create(call: Call, vm: str, is_unique: bool) -> str:
    """`is_unique`: the VM's copies get none."""
    db = call.db
    async with vm_operation(call, vm, "create_vtpm"):
        if len(strings(db.field("VM", vm, "VTPMs"))) >= MOST:
            raise XapiFailure("VTPM_MAX_AMOUNT_REACHED", str(MOST))
        return db.create(
            "VTPM",
            {"VM": vm, "is_unique": is_unique, "persistence_backend": "xapi", "allowed_operations": ["destroy"]},
        )


@operation("VTPM.destroy")
def destroy(call: Call, vtpm: str) -> None:
    """Its contents are gone; the VM must be halted."""
    db = call.db
    vm = text(db.field("VTPM", vtpm, "VM"))
    if db.exists("VM", vm):
        state = text(db.field("VM", vm, "power_state"))
        if state != "Halted":
            raise XapiFailure("VM_BAD_POWER_STATE", vm, vm_rules.lower(["Halted"]), state.lower())
    db.destroy("VTPM", vtpm)
