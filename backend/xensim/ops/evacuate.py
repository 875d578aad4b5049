"""host.evacuate: every running VM moves to another host, and beforehand the question which of them cannot."""

from xensim.failures import XapiFailure
from xensim.ops import memory, placement, subtasks, vm_rules
from xensim.ops.locks import object_operation
from xensim.ops.values import strings, text
from xensim.registry import Call, operation
from xensim.schema import NULL_REF

AT_ONCE = 10  # VMs that move side by side, unless the caller says otherwise


@operation("host.evacuate")
async def evacuate(call: Call, host: str, network: str, batch_size: int) -> None:
    """The plan is made first and the first problem raised with its own code; so is that of the first failed move."""
    call.db.record("host", host)
    if network != NULL_REF:
        call.db.record("network", network)
    async with object_operation(call, "host", host, "evacuate"):
        places, problems = plan(call, host)
        for problem in problems.values():
            raise problem
        options = {"live": "true"} | ({"network": network} if network != NULL_REF else {})
        moves = [("VM.pool_migrate", vm, to, options) for vm, to in places.items()]
        for failure in await subtasks.run_all(call, moves, at_once=batch_size if batch_size > 0 else AT_ONCE):
            if failure is not None:
                raise failure


@operation("host.get_vms_which_prevent_evacuation")
def get_vms_which_prevent_evacuation(call: Call, host: str) -> dict[str, list[str]]:
    """For each such VM the code and the arguments of what moving it would fail with."""
    return {vm: problem.description for vm, problem in plan(call, host)[1].items()}


@operation("host.assert_can_evacuate")
def assert_can_evacuate(call: Call, host: str) -> None:
    problems = plan(call, host)[1]
    if problems:
        raise XapiFailure("CANNOT_EVACUATE_HOST", "|".join(problem.code for problem in problems.values()))


@operation("host.get_uncooperative_resident_VMs")
def get_uncooperative(call: Call, host: str) -> list[str]:
    """Guests that keep memory which they were asked for; there are none here."""
    call.db.record("host", host)
    return []


def plan(call: Call, host: str) -> tuple[dict[str, str], dict[str, XapiFailure]]:
    """Where each guest of a host can go, and why others cannot go anywhere.

    The largest come first, each to the host with most memory left, which is what a host's future guests take.
    """
    db = call.db
    guests = [vm for vm in strings(db.field("host", host, "resident_VMs")) if not _is_control_domain(call, vm)]
    guests.sort(key=lambda vm: memory.claimed(db.record("VM", vm)), reverse=True)
    left = {other: memory.free(db, other) for other in db.refs("host") if other != host}
    places: dict[str, str] = {}
    problems: dict[str, XapiFailure] = {}
    for vm in guests:
        try:
            vm_rules.check(db, vm, "pool_migrate")
            places[vm] = _place(call, vm, left)
        except XapiFailure as problem:
            problems[vm] = problem
        else:
            left[places[vm]] -= memory.claimed(db.record("VM", vm))
    return places, problems


def _place(call: Call, vm: str, left: dict[str, int]) -> str:
    """The host for a VM. Raises why there is none: NO_HOSTS_AVAILABLE when no other host could take any VM."""
    needed = memory.claimed(call.db.record("VM", vm))
    failures: list[XapiFailure] = []
    for host in sorted(left, key=lambda other: left[other], reverse=True):
        try:
            placement.assert_can_boot(call.pool, vm, host, force=True)
            placement.assert_cpu(call.pool, vm, host)
        except XapiFailure as failure:
            if failure.code not in {"HOST_NOT_LIVE", "HOST_DISABLED"}:
                failures.append(failure)
            continue
        if left[host] >= needed:
            return host
        failures.append(XapiFailure("HOST_NOT_ENOUGH_FREE_MEMORY", str(needed), str(left[host])))
    if not failures:
        raise XapiFailure("NO_HOSTS_AVAILABLE", vm)
    raise next((failure for failure in failures if failure.code != "HOST_NOT_ENOUGH_FREE_MEMORY"), failures[0])


def _is_control_domain(call: Call, vm: str) -> bool:
    return bool(call.db.field("VM", text(vm), "is_control_domain"))
