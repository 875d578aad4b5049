"""VM sizes: memory and CPUs, whose limits hang together, as edits of a VM."""

from collections.abc import Mapping
from typing import Any, Final

from podium.errors import InvalidParameters
from podium.services.edits import Call, Editor

MEMORY: Final = ("memory", "memoryMin", "memoryMax", "memoryStaticMax")
CPUS: Final = ("cpus", "cpusStaticMax")
_CORES: Final = "coresPerSocket"


def plan_memory(editor: Editor, changes: Mapping[str, Any]) -> None:
    """The four limits belong together, and what is not named follows what is. Bytes.

    A running VM's dynamic range can be changed up to its static maximum; all else needs it halted.
    """
    if not any(name in changes for name in MEMORY):
        return
    record = editor.record
    least, most, low, high = before = (
        int(record["memory_static_min"]),
        int(record["memory_static_max"]),
        int(record["memory_dynamic_min"]),
        int(record["memory_dynamic_max"]),
    )
    if (size := changes.get("memory")) is not None:
        if low == high == most:
            low = high = most = size
        else:  # a VM with a dynamic range keeps it: only its upper end moves
            high = size
    most = changes.get("memoryStaticMax", most)
    high = changes.get("memoryMax", high)
    low = changes.get("memoryMin", low)
    most = max(most, high) if "memoryStaticMax" not in changes else most
    high = min(high, most) if "memoryMax" not in changes and "memory" not in changes else high
    low = min(low, high) if "memoryMin" not in changes else low
    least = min(least, low)
    if not 0 < least <= low <= high <= most:
        raise InvalidParameters("memory: must be least ≤ memoryMin ≤ memoryMax ≤ memoryStaticMax")
    after = (least, most, low, high)
    if after == before:
        return
    if record.get("power_state") == "Running" and after[:2] == before[:2]:
        undo = Call("set_memory_dynamic_range", before[2:])
        editor.call("changed the memory", "set_memory_dynamic_range", low, high, undo=undo)
    else:
        editor.call("changed the memory", "set_memory_limits", *after, undo=Call("set_memory_limits", before))


def plan_cpus(editor: Editor, changes: Mapping[str, Any], *, now: int) -> None:
    """The maximum is raised before, and lowered after the number that must not exceed it. `now`: CPUs it runs with."""
    if not any(name in changes for name in (*CPUS, _CORES)):
        return
    record = editor.record
    most, number = int(record["VCPUs_max"]), int(record["VCPUs_at_startup"])
    wanted = changes.get("cpus", min(number, changes.get("cpusStaticMax", number)))
    wanted_most = changes.get("cpusStaticMax", max(most, wanted))
    if wanted > wanted_most:
        raise InvalidParameters(f"cpus: at most {wanted_most}, which is the maximum asked for")
    if (cores := changes.get(_CORES)) is not None and wanted_most % cores:
        raise InvalidParameters(f"coresPerSocket: must divide the maximum of CPUs, which is {wanted_most}")
    if record.get("power_state") == "Running" and wanted_most == most:
        if "cpus" in changes and wanted != now:
            undo = Call("set_VCPUs_number_live", (now,))
            editor.call("changed the number of CPUs", "set_VCPUs_number_live", wanted, undo=undo)
        return
    if wanted_most > most:
        editor.set("VCPUs_max", wanted_most, "changed the maximum of CPUs")
    editor.set("VCPUs_at_startup", wanted, "changed the number of CPUs")
    if wanted_most < most:
        editor.set("VCPUs_max", wanted_most, "changed the maximum of CPUs")
