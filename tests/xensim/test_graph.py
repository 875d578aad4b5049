"""The built pool: coherent, complete, the same for the same seed, and quick to make at any size."""

import json
import time
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from xensim import graph
from xensim.clock import Clock
from xensim.graph.coherence import problems
from xensim.graph.names import SPECIAL
from xensim.ops import devices, memory, vm_rules
from xensim.ops.values import mapping, number, strings, text
from xensim.pool import Pool
from xensim.schema import NULL_REF

NOON = 1_790_000_000.0
# Sessions come with logins, LVHD is a class without rows, the others are never stored.
EMPTY = {"session", "LVHD", "auth", "event", "sr_stat", "probe_result", "data_source", "vdi_nbd_server_info",
         "Diagnostics"}  # fmt: skip


def build(hosts: int = 3, vms: int = 60, seed: int = 1, **options: object) -> Pool:
    pool = Pool(clock=Clock(lambda: NOON))
    graph.build(pool, hosts=hosts, vms=vms, seed=seed, **options)  # type: ignore[arg-type]  # passed on as given
    return pool


@pytest.fixture(scope="module")
def pool() -> Pool:
    """Read only: tests share it."""
    return build(hosts=3, vms=120)


def guests(pool: Pool) -> list[dict[str, object]]:
    rows = pool.db.rows("VM").values()
    return [row.record for row in rows if not row.record["is_a_template"] and not row.record["is_control_domain"]]


@pytest.mark.parametrize(("hosts", "vms", "seed"), [(1, 0, 1), (1, 1, 2), (2, 10, 3), (3, 60, 4), (4, 300, 5)])
def test_pools_of_any_size_hold_together(hosts: int, vms: int, seed: int) -> None:
    pool = build(hosts, vms, seed)
    assert problems(pool.db) == []
    assert pool.db.count("host") == hosts
    assert len(guests(pool)) == vms


def test_every_class_that_can_have_rows_has_some(pool: Pool) -> None:
    empty = {name for name in pool.schema.classes if not pool.db.count(name)}
    assert empty == EMPTY


def test_the_seed_decides_everything() -> None:
    def everything(pool: Pool) -> dict[str, dict[str, bytes]]:
        return {cls: {ref: row.json for ref, row in pool.db.rows(cls).items()} for cls in pool.schema.classes}

    assert everything(build(seed=7)) == everything(build(seed=7))
    assert build(seed=7).db.refs("VM") != build(seed=8).db.refs("VM")


def test_refs_made_later_are_new_whatever_the_seed_of_the_pool(pool: Pool) -> None:
    fresh = build(hosts=1, vms=5, seed=1)
    refs = {ref for cls in fresh.schema.classes for ref in fresh.db.refs(cls)}
    assert not refs & {fresh.db.new_ref() for _ in range(2000)}


def test_uuids_and_refs_are_unique(pool: Pool) -> None:
    rows = [(ref, row.record) for cls in pool.schema.classes for ref, row in pool.db.rows(cls).items()]
    assert len({ref for ref, _ in rows}) == len(rows)
    assert len({record["uuid"] for _, record in rows}) == len(rows)


def test_dangling_refs_are_few_and_known(pool: Pool) -> None:
    found = problems(pool.db, dangling=())
    assert Counter(line.split()[0] for line in found) == {"VM": 1, "VDI": 2}
    assert all("snapshot_of leads nowhere" in line for line in found)


def test_most_vms_run_and_every_state_occurs(pool: Pool) -> None:
    states = Counter(text(vm["power_state"]) for vm in guests(pool))
    assert set(states) == {"Running", "Halted", "Suspended", "Paused"}
    assert 0.6 < states["Running"] / len(guests(pool)) < 0.8


def test_live_vms_have_what_live_vms_have(pool: Pool) -> None:
    for vm in guests(pool):
        live = vm["power_state"] in {"Running", "Paused"}
        assert (vm["resident_on"] != NULL_REF) == live
        assert (number(vm["domid"]) > 0) == live
        assert bool(vm["consoles"]) == live
        assert (vm["suspend_VDI"] != NULL_REF) == (vm["power_state"] == "Suspended")
        for vbd in strings(vm["VBDs"]):
            assert pool.db.field("VBD", vbd, "currently_attached") == live
        for vif in strings(vm["VIFs"]):
            assert pool.db.field("VIF", vif, "currently_attached") == live


def test_allowed_operations_follow_from_the_rules(pool: Pool) -> None:
    for ref, row in pool.db.rows("VM").items():
        assert row.record["allowed_operations"] == vm_rules.allowed(pool.db, ref)


def test_devices_and_disks_are_as_the_operations_would_leave_them() -> None:
    pool = build()
    before = {cls: {ref: row.json for ref, row in pool.db.rows(cls).items()} for cls in ("VBD", "VIF", "VDI")}
    for ref in pool.db.refs("VM"):
        devices.refresh(pool, ref)
    for ref in pool.db.refs("VDI"):
        devices.refresh_vdi(pool.db, ref)
    for cls, rows in before.items():
        changed = [json.loads(row) for ref, row in rows.items() if pool.db.row(cls, ref).json != row]
        assert changed == []


def test_hosts_can_see_the_disks_of_the_vms_they_run(pool: Pool) -> None:
    for vm in guests(pool):
        for vbd in strings(vm["VBDs"]) if vm["resident_on"] != NULL_REF else []:
            vdi = text(pool.db.field("VBD", vbd, "VDI"))
            if vdi == NULL_REF:
                continue
            pbds = strings(pool.db.field("SR", text(pool.db.field("VDI", vdi, "SR")), "PBDs"))
            plugged = [
                pool.db.field("PBD", pbd, "host") for pbd in pbds if pool.db.field("PBD", pbd, "currently_attached")
            ]
            assert vm["resident_on"] in plugged


def test_memory_of_hosts_is_accounted_for(pool: Pool) -> None:
    for host in pool.db.refs("host"):
        assert memory.free(pool.db, host) == memory.balance(pool.db, host)
        assert memory.free(pool.db, host) > 0


def test_memory_limits_are_in_order(pool: Pool) -> None:
    for row in pool.db.rows("VM").values():
        limits = [row.record[f"memory_{name}"] for name in ("static_min", "dynamic_min", "dynamic_max", "static_max")]
        assert limits == sorted(limits, key=number)


def test_storage_adds_up(pool: Pool) -> None:
    for row in pool.db.rows("SR").values():
        vdis = [pool.db.record("VDI", vdi) for vdi in strings(row.record["VDIs"])]
        used = sum(number(vdi["physical_utilisation"]) for vdi in vdis)
        assert row.record["physical_utilisation"] == used <= number(row.record["physical_size"])
        assert row.record["virtual_allocation"] == sum(number(vdi["virtual_size"]) for vdi in vdis if vdi["managed"])


def test_chains_lead_to_hidden_base_copies(pool: Pool) -> None:
    children = 0
    for row in pool.db.rows("VDI").values():
        parent = mapping(row.record["sm_config"]).get("vhd-parent")
        if parent:
            children += 1
            base = pool.db.record("VDI", pool.db.by_uuid("VDI", parent))
            assert base["managed"] is False
            assert base["SR"] == row.record["SR"]
    assert children > 20


def test_snapshots_form_trees(pool: Pool) -> None:
    snapshots = [row.record for row in pool.db.rows("VM").values() if row.record["is_a_snapshot"]]
    assert any(snapshot["parent"] != NULL_REF for snapshot in snapshots)
    for snapshot in snapshots:
        assert snapshot["is_a_template"]
        of = text(snapshot["snapshot_of"])
        if pool.db.exists("VM", of):
            disks = [text(pool.db.field("VBD", vbd, "VDI")) for vbd in strings(snapshot["VBDs"])]
            originals = {pool.db.field("VBD", vbd, "VDI") for vbd in strings(pool.db.field("VM", of, "VBDs"))}
            copies = [pool.db.record("VDI", disk) for disk in disks if disk != NULL_REF]
            assert {vdi["snapshot_of"] for vdi in copies} <= originals
    assert any(snapshot["power_state"] == "Suspended" for snapshot in snapshots)


def test_some_halted_vms_have_lost_their_disks(pool: Pool) -> None:
    broken = pool.db.by_name("SR", "Old NFS (decommissioned)")[0]
    lost = 0
    for vm in guests(pool):
        vdis = [text(pool.db.field("VBD", vbd, "VDI")) for vbd in strings(vm["VBDs"])]
        disks = [pool.db.record("VDI", vdi) for vdi in vdis if vdi != NULL_REF]
        if any(disk["missing"] or disk["SR"] == broken for disk in disks):
            assert vm["power_state"] == "Halted"
            lost += 1
    assert lost >= 2
    assert any(row.record["on_boot"] == "reset" for row in pool.db.rows("VDI").values())
    assert any(row.record["nomigrate"] for row in pool.db.rows("VM_metrics").values())


def test_names_are_awkward_enough(pool: Pool) -> None:
    assert set(SPECIAL) <= {vm["name_label"] for vm in guests(pool)}
    assert max(len(text(vm["name_label"])) for vm in guests(pool)) > 255


def test_templates_carry_what_clients_parse(pool: Pool) -> None:
    defaults = [row.record for row in pool.db.rows("VM").values() if row.record["is_default_template"]]
    assert len(defaults) >= 12
    for template in defaults:
        assert ET.fromstring(text(template["recommendations"])).tag == "restrictions"
        disks = ET.fromstring(mapping(template["other_config"])["disks"])
        assert all(disk.attrib["sr"] == "" for disk in disks)
        assert mapping(template["other_config"])["install-methods"]


def test_alarms_have_bodies_of_xml(pool: Pool) -> None:
    alarms = [row.record for row in pool.db.rows("message").values() if row.record["name"] == "ALARM"]
    assert {alarm["cls"] for alarm in alarms} == {"VM", "Host", "SR"}
    for alarm in alarms:
        value, _, config = text(alarm["body"]).partition("config:")
        assert value.startswith("value: ")
        assert ET.fromstring(config).find("name") is not None


def test_addresses_and_fingerprints_can_be_given() -> None:
    pool = build(2, 4, addresses=["127.0.7.1", "127.0.7.2"], certificates={"127.0.7.2": "AA:BB"})
    assert {row.record["address"] for row in pool.db.rows("host").values()} == {"127.0.7.1", "127.0.7.2"}
    host = next(ref for ref, row in pool.db.rows("host").items() if row.record["address"] == "127.0.7.2")
    certificates = [pool.db.record("Certificate", ref) for ref in strings(pool.db.field("host", host, "certificates"))]
    assert "AA:BB" in {certificate["fingerprint_sha256"] for certificate in certificates}
    assert {row.record["IP"] for row in pool.db.rows("PIF").values() if row.record["management"]} == {
        "127.0.7.1",
        "127.0.7.2",
    }


def test_records_are_as_large_as_real_ones(pool: Pool) -> None:
    sizes = [len(json.dumps(vm)) for vm in guests(pool)]
    assert 3000 < sum(sizes) / len(sizes) < 5500


def test_ten_thousand_vms_are_built_in_seconds() -> None:
    started = time.process_time()
    pool = build(10, 10_000)
    assert time.process_time() - started < 20  # a tenth of it on an idle machine
    total = sum(pool.db.count(cls) for cls in pool.schema.classes)
    assert 100_000 < total < 110_000
    assert all(memory.free(pool.db, host) > 0 for host in pool.db.refs("host"))
