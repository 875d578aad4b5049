"""What an appliance allows: it follows from the power states of its VMs. Source: xapi_vm_appliance_lifecycle.ml."""

from xensim.database import Database
from xensim.failures import XapiFailure
from xensim.ops.values import mapping, strings, text

# The states of VMs that an operation has something to do with.
STATES = {
    "start": frozenset({"Halted"}),
    "clean_shutdown": frozenset({"Running"}),
    "hard_shutdown": frozenset({"Running", "Paused", "Suspended"}),
    "shutdown": frozenset({"Running", "Paused", "Suspended"}),
}


def check(db: Database, appliance: str, op: str) -> None:  # noqa: ARG001 - VMs that have nothing to do are no obstacle
    """Raise OPERATION_NOT_ALLOWED for an appliance without VMs, wire 07-131."""
    if not db.field("VM_appliance", appliance, "VMs"):
        raise XapiFailure("OPERATION_NOT_ALLOWED", "Appliance has no VMs.")


def refresh(db: Database, appliance: str) -> None:
    """Bring `allowed_operations` up to date; of no appliance, or of one that is gone, there are none."""
    if not db.exists("VM_appliance", appliance):
        return
    record = db.record("VM_appliance", appliance)
    states = {text(db.field("VM", vm, "power_state")) for vm in strings(record["VMs"])}
    idle = not mapping(record["current_operations"])
    db.set("VM_appliance", appliance, allowed_operations=[op for op, fit in STATES.items() if idle and states & fit])
