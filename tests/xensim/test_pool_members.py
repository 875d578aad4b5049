"""Members that leave, another coordinator, and high availability: plans, heartbeats and what they forbid."""

from collections.abc import Iterator

import pytest

import xensim
from tests.xensim.caller import Caller
from tests.xensim.lab import Lab, opened
from tests.xensim.test_host_power import emptied, refused
from xensim.failures import XapiFailure
from xensim.ops import host_power
from xensim.ops.values import number, strings, text


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    yield from opened(monkeypatch)


def operations(lab: Lab) -> set[str]:
    return set(strings(lab.db.field("pool", lab.pool.ref, "allowed_operations")))


async def asked(lab: Lab, method: str, *arguments: object) -> object:
    result = await lab.dispatcher.call(lab.pool.coordinator, method, [lab.session, *arguments])
    return result.value


async def test_an_ejected_host_leaves_with_all_that_is_its_own(lab: Lab) -> None:
    leaver = lab.hosts[1]
    assert await lab.fails("pool.eject", lab.hosts[0]) == ["INTERNAL_ERROR", "Xapi_pool.Cannot_eject_master"]
    assert await lab.fails("pool.eject", leaver) == ["HOST_HAS_RESIDENT_VMS", leaver]
    await emptied(lab, leaver)
    local = [sr for sr, row in lab.db.rows("SR").items() if row.record["name_label"] == "Local storage"]
    await lab.call("pool.eject", leaver)
    lab.hosts.remove(leaver)
    assert list(lab.db.refs("host")) == lab.hosts
    assert [lab.db.exists("SR", sr) for sr in local].count(True) == 1
    assert len(strings(lab.db.field("SR", lab.nfs, "PBDs"))) == 1
    for cls in ("PIF", "PBD", "host_cpu", "PCI"):
        assert all(row.record["host"] in lab.hosts for row in lab.db.rows(cls).values())
    domains = [row.record for row in lab.db.rows("VM").values() if row.record["is_control_domain"]]
    assert len(domains) == 1
    assert lab.pool.outside.stored == {}


async def test_an_ejected_host_is_no_address_of_the_pool() -> None:
    async with xensim.serve(hosts=3, vms=0, tls=False, pace=0.0, login_penalty_s=0.0) as sim:
        caller = await Caller(sim).login()
        last = list(sim.db.refs("host"))[-1]
        await sim.faults.power_off(last)
        assert await refused(sim, text(sim.db.field("host", last, "address")))
        await sim.faults.power_on(last)
        assert not await refused(sim, text(sim.db.field("host", last, "address")))
        member = next(host for host in sim.db.refs("host") if host != sim.pool.coordinator)
        address = text(sim.db.field("host", member, "address"))
        await caller.call("pool.eject", member)
        assert address not in sim.addresses
        assert len(await caller.call("host.get_all")) == 2
        await caller.call("pool.recover_slaves")
        await caller.call("pool.sync_database")


async def test_ha_is_enabled_and_disabled(lab: Lab) -> None:
    pool = lab.pool.ref
    assert await lab.fails("pool.disable_ha") == ["HA_NOT_ENABLED"]
    assert await lab.fails("pool.ha_prevent_restarts_for", 60) == ["HA_NOT_ENABLED"]
    archive = lab.db.by_name("SR", "Archive share")[0]
    assert await lab.fails("pool.enable_ha", [archive], {}) == ["SR_HAS_NO_PBDS", archive]
    before = operations(lab)
    await lab.call("pool.enable_ha", [lab.nfs], {"timeout": "60"})
    record = lab.db.record("pool", pool)
    (statefile,) = strings(record["ha_statefiles"])
    assert record["ha_enabled"] is True
    assert lab.db.field("VDI", statefile, "type") == "ha_statefile"
    assert lab.db.field("host", lab.hosts[0], "ha_network_peers") == [lab.db.field("host", lab.hosts[1], "uuid")]
    assert "ha_disable" in operations(lab)
    assert not {"ha_enable", "eject", "designate_new_master"} & operations(lab)

    enabled = ["HA_IS_ENABLED"]
    assert await lab.fails("pool.enable_ha", [], {}) == enabled
    assert await lab.fails("pool.designate_new_master", lab.hosts[1]) == enabled
    assert await lab.fails("pool.eject", lab.hosts[1]) == enabled
    assert await lab.fails("VDI.destroy", statefile) == enabled
    assert await lab.fails("PBD.unplug", strings(lab.db.field("SR", lab.nfs, "PBDs"))[0]) == enabled
    nic = next(ref for ref, row in lab.db.rows("PIF").items() if row.record["device"] == "eth1")
    assert await lab.fails("PIF.reconfigure_ip", nic, "DHCP", "", "", "", "") == enabled
    assert await lab.fails("PIF.unplug", nic) == enabled

    await lab.call("pool.disable_ha")
    assert lab.db.field("pool", pool, "ha_enabled") is False
    assert not lab.db.exists("VDI", statefile)
    assert operations(lab) == before


async def test_heartbeats_find_an_sr_by_themselves(lab: Lab) -> None:
    await lab.call("pool.enable_ha", [], {})
    (statefile,) = strings(lab.db.field("pool", lab.pool.ref, "ha_statefiles"))
    assert lab.db.field("SR", text(lab.db.field("VDI", statefile, "SR")), "shared") is True


async def test_ha_needs_every_host(lab: Lab) -> None:
    await lab.call("host.disable", lab.hosts[1])
    failure = await lab.fails("pool.enable_ha", [lab.nfs], {})
    assert failure == ["HA_POOL_IS_ENABLED_BUT_HOST_IS_DISABLED", lab.hosts[1]]
    lab.db.set("host_metrics", text(lab.db.field("host", lab.hosts[1], "metrics")), live=False)
    assert await lab.fails("pool.enable_ha", [lab.nfs], {}) == ["HOST_OFFLINE", lab.hosts[1]]


async def test_what_may_fail_follows_from_the_memory_that_is_left(lab: Lab) -> None:
    vm = await lab.running_vm()
    for other, row in list(lab.db.rows("VM").items()):
        if row.record["ha_restart_priority"]:
            lab.db.set("VM", other, ha_restart_priority="")
    lab.db.set("VM", vm, ha_restart_priority="restart")
    assert await asked(lab, "pool.ha_compute_max_host_failures_to_tolerate") == 1
    assert await asked(lab, "pool.ha_failover_plan_exists", 1) is True
    host = text(lab.vm(vm)["resident_on"])
    other = next(each for each in lab.hosts if each != host)
    plan = await asked(lab, "pool.ha_compute_vm_failover_plan", [host], [vm])
    assert plan == {vm: {"host": other}}
    await lab.call("pool.enable_ha", [lab.nfs], {})
    assert lab.vm(vm)["ha_always_run"] is True
    assert lab.db.field("pool", lab.pool.ref, "ha_plan_exists_for") == 1
    assert await lab.fails("host.disable", other) == ["HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN"]
    broken = ["HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN"]
    assert await lab.fails("pool.set_ha_host_failures_to_tolerate", lab.pool.ref, 2) == broken
    negative = await lab.fails("pool.set_ha_host_failures_to_tolerate", lab.pool.ref, -1)
    assert negative == ["INVALID_VALUE", "ha_host_failures_to_tolerate", "-1"]
    await lab.call("pool.set_ha_allow_overcommit", lab.pool.ref, True)
    await lab.call("pool.set_ha_host_failures_to_tolerate", lab.pool.ref, 2)
    assert lab.db.field("pool", lab.pool.ref, "ha_overcommitted") is True
    await lab.call("host.disable", other)
    plan = await asked(lab, "pool.ha_compute_vm_failover_plan", [host], [vm])
    assert plan == {vm: {"error_code": "NO_HOSTS_AVAILABLE", "error_params": "()"}}


async def test_protected_vms_start_elsewhere_when_their_host_fails(lab: Lab) -> None:
    failing, other = lab.hosts
    vms = [await lab.new_vm(f"ha {at}") for at in range(2)]
    for vm in vms:
        await lab.call("VM.start_on", vm, failing, False, False)
    lab.db.set("VM", vms[0], ha_restart_priority="restart")
    await lab.call("pool.enable_ha", [lab.nfs], {})
    await host_power.go_down(lab.pool, failing)
    assert [lab.state(vm) for vm in vms] == ["Running", "Halted"]
    assert lab.vm(vms[0])["resident_on"] == other
    assert lab.pool.coordinator == other
    messages = {row.record["name"] for row in lab.db.rows("message").values()}
    assert "HA_HOST_FAILED" in messages
    await host_power.come_up(lab.pool, failing)
    assert lab.db.field("host", failing, "enabled") is True


async def test_without_ha_vms_of_a_lost_host_wait_until_it_is_back(lab: Lab) -> None:
    vm = await lab.new_vm()
    await lab.call("VM.start_on", vm, lab.hosts[1], False, False)
    await host_power.go_down(lab.pool, lab.hosts[1])
    assert lab.state(vm) == "Running"
    await host_power.come_up(lab.pool, lab.hosts[1])
    assert lab.state(vm) == "Halted"


async def test_a_vm_on_local_storage_cannot_be_protected(lab: Lab) -> None:
    vm = await lab.running_vm()
    host = text(lab.vm(vm)["resident_on"])
    srs = [text(lab.db.field("PBD", pbd, "SR")) for pbd in strings(lab.db.field("host", host, "PBDs"))]
    local = next(sr for sr in srs if lab.db.field("SR", sr, "name_label") == "Local storage")
    moved = await lab.call("VDI.pool_migrate", lab.disk(vm), local, {})
    assert lab.db.field("VDI", moved, "SR") == local
    failure = await lab.fails("pool.ha_compute_hypothetical_max_host_failures_to_tolerate", {vm: "restart"})
    assert failure == ["HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED", local]
    others = await asked(lab, "pool.ha_compute_hypothetical_max_host_failures_to_tolerate", {vm: ""})
    assert isinstance(others, int)


async def test_settings_of_a_pool(lab: Lab) -> None:
    pool = lab.pool.ref
    for name, value in (("name_label", "n"), ("name_description", "d"), ("tags", ["t"]), ("default_SR", lab.nfs)):
        await lab.call(f"pool.set_{name}", pool, value)
        assert lab.db.field("pool", pool, name) == value
    await lab.call("pool.add_to_other_config", pool, "k", "v")
    await lab.call("pool.enable_tls_verification")
    assert await lab.fails("pool.apply_edition", pool, "premium") == ["INVALID_EDITION", "premium"]
    state = await asked(lab, "pool.get_license_state", pool)
    assert isinstance(state, dict)
    assert state["edition"] == "xcp-ng"
    assert await asked(lab, "pool.is_slave", lab.hosts[1]) is True


async def test_the_coordinator_moves_on_request() -> None:
    async with xensim.serve(hosts=2, vms=0, tls=False, pace=0.0, login_penalty_s=0.0) as sim:
        caller = await Caller(sim).login()
        await caller.call("pool.designate_new_master", sim.pool.coordinator)  # nothing happens
        member = next(host for host in sim.db.refs("host") if host != sim.pool.coordinator)
        generation = sim.db.generation
        await caller.call("pool.designate_new_master", member)
        while sim.pool.coordinator != member:
            await sim.db.changed.wait()
        assert number(sim.db.generation) > generation
        with pytest.raises(XapiFailure, match="SESSION_INVALID"):
            await caller.call("VM.get_all")
