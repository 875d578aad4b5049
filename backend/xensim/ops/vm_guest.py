"""What goes on between a running VM and its host: the agent's plugins, its memory, what it booted with."""

import json
from collections.abc import Mapping

from xensim.failures import XapiFailure
from xensim.ops import agent, ha_plan, memory, vm_rules
from xensim.ops.locks import vm_operation, work
from xensim.ops.values import mapping, number, text
from xensim.registry import Call, operation
from xensim.results import Record

SCRIPT_S = 0.5
PLUGIN = "guest-agent-operation"
_FUNCTIONS = frozenset({"run-script", "request-rdp-on", "request-rdp-off"})


@operation("VM.call_plugin")
async def call_plugin(call: Call, vm: str, plugin: str, fn: str, args: Mapping[str, str]) -> str:
    """Asked of the guest's agent; a busy VM is not waited for. Source: xapi_vm.ml, call_plugin."""
    vm_rules.check(call.db, vm, "call_plugin")
    if plugin != PLUGIN:
        raise XapiFailure("XENAPI_MISSING_PLUGIN", plugin)
    if fn not in _FUNCTIONS:
        raise XapiFailure("XENAPI_PLUGIN_FAILURE", fn, "UnknownFunction", "")
    if not agent.has_drivers(call.pool, call.db.record("VM", vm)):
        raise XapiFailure("VM_LACKS_FEATURE", vm)
    if fn == "run-script" and not {"username", "password", "script"} <= args.keys():
        raise XapiFailure("XENAPI_PLUGIN_FAILURE", fn, "MissingArgument", "username, password and script are needed")
    async with vm_operation(call, vm, "call_plugin"):
        await work(call, SCRIPT_S)
    return json.dumps({"rc": 0, "stdout": "", "stderr": ""}) if fn == "run-script" else ""


@operation("VM.get_boot_record")
def get_boot_record(call: Call, vm: str) -> Record:
    """The settings that the running machine has."""
    vm_rules.check(call.db, vm, "get_boot_record")
    return Record(call.db.row("VM", vm))


@operation("VM.assert_agile")
def assert_agile(call: Call, vm: str) -> None:
    """Raises why only one host can run the VM."""
    call.db.record("VM", vm)
    ha_plan.assert_agile(call.pool, vm)


@operation("VM.maximise_memory")
def maximise_memory(call: Call, vm: str, total: int, approximate: bool) -> int:
    """The most memory in bytes the VM can have so that, with what Xen needs beside it, `total` is not exceeded.

    `approximate`: for a number of VCPUs that may still grow.
    """
    vcpus = number(call.db.field("VM", vm, "VCPUs_max"))
    low, high = 0, max(0, total) // memory.MIB
    while low < high:
        middle = -(-(low + high) // 2)
        size = middle * memory.MIB
        if size + memory.overhead(size, max(vcpus, 64) if approximate else vcpus) <= total:
            low = middle
        else:
            high = middle - 1
    return low * memory.MIB


@operation("VM.compute_memory_overhead")
def compute_memory_overhead(call: Call, vm: str) -> int:
    record = call.db.record("VM", vm)
    return memory.overhead(number(record["memory_static_max"]), number(record["VCPUs_max"]))


@operation("VM.get_cooperative")
def get_cooperative(call: Call, vm: str) -> bool:
    """Whether the guest gives memory back when asked; deprecated, and always so."""
    call.db.record("VM", vm)
    return True


@operation("VM.add_to_VCPUs_params_live")
def add_to_vcpus_params_live(call: Call, vm: str, key: str, value: str) -> None:
    """At once in the running machine; kept for later ones too."""
    vm_rules.check(call.db, vm, "changing_VCPUs_live")
    params = mapping(call.db.field("VM", vm, "VCPUs_params"))
    if key in params:
        raise XapiFailure("MAP_DUPLICATE_KEY", "VM", "VCPUs_params", vm, key)
    call.db.set("VM", vm, VCPUs_params={**params, key: value})


@operation("VM.create_new_blob")
def create_new_blob(call: Call, vm: str, name: str, mime_type: str, public: bool) -> str:
    blobs = mapping(call.db.field("VM", vm, "blobs"))
    made = call.db.create(
        "blob",
        {
            "mime_type": mime_type or "application/octet-stream",
            "public": public,
            "last_updated": call.pool.clock.wire(),
        },
    )
    call.db.set("VM", vm, blobs={**blobs, name: made})
    return text(made)
