"""Hosts that go down and come back, their settings, and the calls that depend on them."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

import xensim
from tests.xensim.caller import Caller
from tests.xensim.lab import Lab, opened
from xensim.failures import XapiFailure
from xensim.ops import host_power
from xensim.ops.values import mapping, strings, text


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setattr(host_power, "REPLY_S", 0.0)
    yield from opened(monkeypatch)


@pytest.fixture
async def sim(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[xensim.Sim]:
    """Two hosts in plain HTTP, whose hours pass in a blink."""
    monkeypatch.setattr(host_power, "REPLY_S", 0.05)
    async with xensim.serve(hosts=2, vms=0, tls=False, pace=0.005, login_penalty_s=0.0) as served:
        yield served


def live(lab: Lab, host: str) -> object:
    return lab.db.field("host_metrics", text(lab.db.field("host", host, "metrics")), "live")


def allowed(lab: Lab, host: str) -> list[str]:
    return strings(lab.db.field("host", host, "allowed_operations"))


async def emptied(lab: Lab, host: str) -> None:
    for vm in list(strings(lab.db.field("host", host, "resident_VMs"))):
        if not lab.vm(vm)["is_control_domain"]:
            await lab.call("VM.hard_shutdown", vm)


async def test_a_host_reboots_when_it_is_disabled_and_empty(lab: Lab) -> None:
    host = lab.hosts[1]
    assert await lab.fails("host.reboot", host) == ["HOST_NOT_DISABLED"]
    vm = await lab.new_vm()
    await lab.call("VM.start_on", vm, host, False, False)
    await lab.call("host.disable", host)
    failure = await lab.fails("host.shutdown", host)
    assert failure[:3] == ["HOST_IN_USE", host, "vm"]
    await emptied(lab, host)
    before = mapping(lab.db.field("host", host, "other_config"))["boot_time"]
    assert {"reboot", "shutdown"} <= set(allowed(lab, host))
    seen: list[object] = []
    lab.db.listeners.append(lambda _operation, row: seen.append(live(lab, host)) if row.ref == host else None)
    await lab.call("host.reboot", host)
    await lab.pool.background.idle()
    assert False in seen
    assert live(lab, host) is True
    assert lab.db.field("host", host, "enabled") is True
    assert mapping(lab.db.field("host", host, "other_config"))["boot_time"] >= before
    assert lab.db.field("host", host, "updates_requiring_reboot") == []
    assert "shutdown" not in allowed(lab, host)


async def test_a_host_that_is_shut_down_stays_down_until_it_is_powered_on(lab: Lab) -> None:
    host = lab.hosts[1]
    await emptied(lab, host)
    await lab.call("host.disable", host, False)
    await lab.call("host.shutdown", host)
    await lab.pool.background.idle()
    assert live(lab, host) is False
    lab.db.set("host", host, power_on_mode="")
    for method in ("host.disable", "host.enable", "host.restart_agent", "host.dmesg"):
        assert await lab.fails(method, host) == ["HOST_OFFLINE", host]
    assert await lab.fails("pool.designate_new_master", host) == ["HOST_OFFLINE", host]
    vm = await lab.new_vm()
    assert await lab.fails("VM.start_on", vm, host, False, False) == ["HOST_NOT_LIVE"]
    assert await lab.fails("host.power_on", host) == ["HOST_POWER_ON_MODE_DISABLED"]
    await lab.call("host.set_power_on_mode", host, "wake-on-lan", {})
    assert allowed(lab, host) == ["power_on"]
    await lab.call("host.power_on", host)
    assert live(lab, host) is True
    assert lab.db.field("host", host, "enabled") is False  # disabled to stay so
    assert await lab.fails("host.power_on", host) == ["HOST_IS_LIVE", host]
    await lab.call("host.enable", host)
    assert lab.db.field("host", host, "enabled") is True


async def test_a_dead_host_is_forgotten_when_its_vms_are_given_up(lab: Lab) -> None:
    host = lab.hosts[1]
    vm = await lab.new_vm()
    await lab.call("VM.start_on", vm, host, False, False)
    lab.db.set("host_metrics", text(lab.db.field("host", host, "metrics")), live=False)
    assert await lab.fails("host.destroy", host) == ["HOST_HAS_RESIDENT_VMS", host]
    await lab.call("host.declare_dead", host)
    assert lab.state(vm) == "Halted"
    await lab.call("host.destroy", host)
    assert not lab.db.exists("host", host)
    lab.hosts.remove(host)
    assert await lab.fails("host.destroy", lab.hosts[0]) == ["HOST_IS_LIVE", lab.hosts[0]]
    local = [row.record for row in lab.db.rows("SR").values() if row.record["name_label"] == "Local storage"]
    assert sorted(len(strings(record["PBDs"])) for record in local) == [0, 1]
    await lab.call("VM.start", vm, False, False)


async def test_settings_of_a_host(lab: Lab) -> None:
    host = lab.hosts[0]
    for name, value in (("name_label", "n"), ("name_description", "d"), ("tags", ["t"]), ("hostname", "h")):
        await lab.call(f"host.set_{name}", host, value)
        assert lab.db.field("host", host, name) == value
    await lab.call("host.set_hostname_live", host, "xcp-09.example.org")
    assert lab.db.field("host", host, "hostname") == "xcp-09.example.org"
    assert (await lab.fails("host.set_hostname_live", host, "not a name"))[0] == "HOST_NAME_INVALID"
    await lab.call("host.set_iscsi_iqn", host, "iqn.2026-11.org.example:x")
    assert mapping(lab.db.field("host", host, "other_config"))["iscsi_iqn"] == "iqn.2026-11.org.example:x"
    assert await lab.fails("host.set_iscsi_iqn", host, "x") == ["INVALID_VALUE", "value", "x"]
    await lab.call("host.set_multipathing", host, True)
    assert lab.db.field("host", host, "multipathing") is True
    assert mapping(lab.db.field("host", host, "other_config"))["multipathhandle"] == "dmp"
    await lab.call("host.set_logging", host, {"syslog_destination": "10.0.0.1"})
    await lab.call("host.syslog_reconfigure", host)
    await lab.call("host.backup_rrds", host, 0.0)
    await lab.call("host.sync_data", host)
    assert await lab.fails("host.apply_edition", host, "premium") == ["INVALID_EDITION", "premium"]
    await lab.call("host.apply_edition", host, "xcp-ng", False)


async def test_what_a_host_tells(lab: Lab) -> None:
    host = lab.hosts[0]
    kernel = mapping(lab.db.field("host", host, "software_version"))["linux"]
    assert kernel in await lab.call("host.dmesg", host)
    assert kernel in await lab.call("host.dmesg_clear", host)
    assert await lab.call("host.dmesg", host) == ""
    assert "host.dmesg_clear" in await lab.call("host.get_log", host)
    free = await lab.dispatcher.call(lab.pool.coordinator, "host.compute_free_memory", [lab.session, host])
    metrics = text(lab.db.field("host", host, "metrics"))
    assert free.value == lab.db.field("host_metrics", metrics, "memory_free")


async def test_trimming_gives_blocks_back(lab: Lab) -> None:
    iscsi = lab.db.field("SR", lab.db.by_name("SR", "iSCSI tier 1")[0], "uuid")
    host = lab.hosts[0]
    assert await lab.call("host.call_plugin", host, "trim", "do_trim", {"sr_uuid": iscsi}) == "True"
    nfs = lab.db.field("SR", lab.nfs, "uuid")
    assert "UnsupportedSRForTrim" in await lab.call("host.call_plugin", host, "trim", "do_trim", {"sr_uuid": nfs})
    assert "SRUnavailable" in await lab.call("host.call_plugin", host, "trim", "do_trim", {"sr_uuid": "x"})
    unknown = await lab.fails("host.call_plugin", host, "trim", "cut", {})
    assert unknown == ["UNKNOWN_XENAPI_PLUGIN_FUNCTION", "cut"]


async def refused(sim: xensim.Sim, address: str) -> bool:
    try:
        _, writer = await asyncio.open_connection(address, sim.port)
    except OSError:
        return True
    writer.close()
    return False


async def until(sim: xensim.Sim, address: str, *, closed: bool) -> None:
    async with asyncio.timeout(5):
        while await refused(sim, address) is not closed:
            await asyncio.sleep(0.01)


async def test_a_restarting_coordinator_refuses_and_forgets_sessions(sim: xensim.Sim) -> None:
    caller = await Caller(sim).login()
    vms = set(sim.db.refs("VM"))
    await caller.call("host.restart_agent", sim.pool.coordinator)
    await until(sim, sim.coordinator, closed=True)
    await until(sim, sim.coordinator, closed=False)
    with pytest.raises(XapiFailure, match="SESSION_INVALID"):
        await caller.call("VM.get_all")
    await caller.login()
    assert set(await caller.call("VM.get_all")) == vms


async def test_a_restarting_member_costs_nobody_a_session(sim: xensim.Sim) -> None:
    caller = await Caller(sim).login()
    member = next(host for host in sim.db.refs("host") if host != sim.pool.coordinator)
    address = text(sim.db.field("host", member, "address"))
    await caller.call("host.restart_agent", member)
    await until(sim, address, closed=True)
    await caller.call("VM.get_all")
    await until(sim, address, closed=False)


async def test_a_rebooting_host_answers_nothing(sim: xensim.Sim) -> None:
    caller = await Caller(sim).login()
    member = next(host for host in sim.db.refs("host") if host != sim.pool.coordinator)
    address = text(sim.db.field("host", member, "address"))
    await caller.call("host.disable", member)
    await caller.call("host.reboot", member)
    await until(sim, address, closed=True)
    metrics = await caller.call("host.get_metrics", member)
    assert await caller.call("host_metrics.get_live", metrics) is False
    await until(sim, address, closed=False)
    assert await caller.call("host_metrics.get_live", metrics) is True
    assert await caller.call("host.get_enabled", member) is True


async def test_a_rebooting_coordinator_comes_back_with_its_records(sim: xensim.Sim) -> None:
    caller = await Caller(sim).login()
    coordinator = sim.pool.coordinator
    await caller.call("host.disable", coordinator)
    await caller.call("host.reboot", coordinator)
    await until(sim, sim.coordinator, closed=True)
    await until(sim, sim.coordinator, closed=False)
    await caller.login()
    assert await caller.call("pool.get_master", sim.pool.ref) == coordinator
