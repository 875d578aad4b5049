"""VM rules: what a pool would refuse, as far as the cache knows, said in the pool's own words.

A pool is asked all the same when it comes to it: what it says of a VM counts. These are for previews, for what is
refused before a Task is made of it, and for rules that a pool has by halves.
"""

from typing import Final

from podium.model.vm import AnyVM
from podium.services.gateway import Gateway
from podium.xapi.errors import XapiError

LIVE_OR_SUSPENDED: Final = ("Paused", "Suspended", "Running")
"""In the order in which XAPI names them when it wants one of them (PROTOCOL.md 6.2)."""


def require_unblocked(gateway: Gateway, vm: AnyVM, operation: str) -> None:
    """Raises IncorrectState with the reason that somebody gave. `operation`: XAPI's name of it."""
    if (reason := vm.blocked_operations.get(operation)) is not None:
        raise gateway.refused(XapiError("OPERATION_BLOCKED", (vm.xapi_ref, reason)), vm)


def require_state(gateway: Gateway, vm: AnyVM, states: tuple[str, ...]) -> None:
    """Raises IncorrectState unless the VM is in one of these power states."""
    if vm.power_state not in states:
        wanted = ", ".join(state.lower() for state in states)
        raise gateway.refused(XapiError("VM_BAD_POWER_STATE", (vm.xapi_ref, wanted, vm.power_state.lower())), vm)


def require_possible(gateway: Gateway, vm: AnyVM, operation: str, states: tuple[str, ...] = ()) -> None:
    """All of it, and that nobody is busy with the VM. No `states`: any will do.

    Raises IncorrectState, OperationInProgress.
    """
    require_unblocked(gateway, vm, operation)
    if states:
        require_state(gateway, vm, states)
    gateway.busy.require(vm, operation)
