"""The rules against records of real pools: what `allowed_operations` read there is what the tables say."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from xensim.ops import device_rules, memory, vm_rules

SHARED = Path(__file__).parents[3] / "shared"
GOLDEN = SHARED / "xo/golden/records.json.gz"
WIRE = SHARED / "xapi/wire"
Records = dict[str, dict[str, Any]]

golden = pytest.mark.skipif(not GOLDEN.exists(), reason="needs the recorded pool beside the project")
wire = pytest.mark.skipif(not WIRE.exists(), reason="needs the recordings beside the project")


def golden_records() -> dict[str, Records]:
    with gzip.open(GOLDEN) as file:
        records: dict[str, Records] = json.load(file)
    return records


def wire_records(cls: str) -> Records:
    (path,) = WIRE.glob(f"02-*-{cls}.json")
    body = json.loads(json.loads(path.read_text())["response"]["body"])
    records: Records = body["result"]
    return records


def judged(vm: dict[str, Any], guests: Records, metrics: Records) -> set[str]:
    facts = vm_rules.facts_of(vm, guest=guests.get(vm["guest_metrics"]), metrics=metrics.get(vm["metrics"]))
    return set(vm_rules.published(facts))


@golden
def test_vms_of_the_golden_pool_allow_what_the_rules_say() -> None:
    pool = golden_records()
    for vm in pool["VM"].values():
        assert judged(vm, pool["VM_guest_metrics"], pool["VM_metrics"]) == set(vm["allowed_operations"]), vm[
            "name_label"
        ]


@wire
def test_vms_of_the_recorded_pool_allow_what_the_rules_say_in_that_order() -> None:
    guests, metrics = wire_records("VM_guest_metrics"), wire_records("VM_metrics")
    records = wire_records("VM")
    assert len(records) > 40
    for vm in records.values():
        facts = vm_rules.facts_of(vm, guest=guests.get(vm["guest_metrics"]), metrics=metrics.get(vm["metrics"]))
        assert list(vm_rules.published(facts)) == vm["allowed_operations"], vm["name_label"]


@wire
def test_every_vm_seen_in_the_recorded_life_cycle_agrees() -> None:
    """Each event with a VM, judged by the guest metrics known at that time."""
    guests: Records = {}
    states = set()
    for path in sorted((*WIRE.glob("05-*"), *WIRE.glob("08-*"))):
        try:
            result = json.loads(json.loads(path.read_text())["response"]["body"])["result"]
            events = result["events"]
        except (ValueError, TypeError, KeyError):
            continue
        guests |= {e["ref"]: e["snapshot"] for e in events if e["class"] == "vm_guest_metrics" and "snapshot" in e}
        for event in events:
            if event["class"] == "vm" and "snapshot" in event:
                vm = event["snapshot"]
                states.add(vm["power_state"])
                assert judged(vm, guests, {}) == set(vm["allowed_operations"]), (path.name, vm["name_label"])
    assert states == {"Halted", "Running", "Paused", "Suspended"}


@golden
def test_drives_of_the_golden_pool_allow_what_the_rules_say() -> None:
    pool = golden_records()
    for vbd in pool["VBD"].values():
        operations = device_rules.vbd(
            power_state=pool["VM"][vbd["VM"]]["power_state"],
            drivers=True,
            cd=vbd["type"] == "CD",
            empty=vbd["empty"],
            attached=vbd["currently_attached"],
            unpluggable=vbd["unpluggable"],
        )
        assert set(operations) == set(vbd["allowed_operations"])


@wire
def test_memory_overhead_is_what_xen_asked_for() -> None:
    for vm in wire_records("VM").values():
        if vm["domain_type"] == "hvm" and not vm["is_a_template"]:
            assert memory.overhead(vm["memory_static_max"], vm["VCPUs_max"]) == vm["memory_overhead"]
