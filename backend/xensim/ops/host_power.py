"""Hosts that are disabled, shut down, rebooted and powered on, and their toolstack that restarts."""

import asyncio

from xensim.failures import XapiFailure
from xensim.ops import device_rules, ha_failover, ha_plan, transitions
from xensim.ops.liveness import assert_live, is_live
from xensim.ops.locks import work
from xensim.ops.values import mapping, strings, text
from xensim.pool import Pool
from xensim.registry import Call, operation

SWITCH_S = 0.3
REPLY_S = 0.1  # real seconds: the answer leaves before the daemon that gave it goes
DOWN_S = 10.0  # between the answer and the end
BOOT_S = 60.0
AGENT_S = 5.0  # as long as a restarting toolstack refuses connections


@operation("host.disable")
async def disable(call: Call, host: str, auto_enable: bool) -> None:
    """No new VMs; without `auto_enable` the host stays so after a reboot, too."""
    call.db.record("host", host)
    assert_live(call, host)
    ha_plan.assert_spare(call.pool, host)
    await work(call, SWITCH_S)
    stay = call.pool.outside.stay_disabled
    stay.discard(host) if auto_enable else stay.add(host)
    call.db.set("host", host, enabled=False)
    refresh(call.pool, host)


@operation("host.enable")
async def enable(call: Call, host: str) -> None:
    call.db.record("host", host)
    assert_live(call, host)
    await work(call, SWITCH_S)
    call.pool.outside.stay_disabled.discard(host)
    call.db.set("host", host, enabled=True)
    refresh(call.pool, host)


@operation("host.shutdown")
def shutdown(call: Call, host: str) -> None:
    """Answered before the host goes down; it stays down until somebody powers it on."""
    _check_down(call, host)
    call.pool.background.start(_leave(call.pool, host, back=False))


@operation("host.reboot")
def reboot(call: Call, host: str) -> None:
    """Answered before the host goes down."""
    _check_down(call, host)
    call.pool.background.start(_leave(call.pool, host, back=True))


@operation("host.power_on")
async def power_on(call: Call, host: str) -> None:
    """Answered when the host is up. Raises HOST_IS_LIVE, or HOST_POWER_ON_MODE_DISABLED without a way to do it."""
    record = call.db.record("host", host)
    if is_live(call.pool, host):
        raise XapiFailure("HOST_IS_LIVE", host)
    if not record["power_on_mode"]:
        raise XapiFailure("HOST_POWER_ON_MODE_DISABLED")
    await work(call, BOOT_S)
    await come_up(call.pool, host)


@operation("host.restart_agent")
def restart_agent(call: Call, host: str) -> None:
    """The host refuses connections for a moment; when it is the coordinator, sessions and tasks are gone."""
    call.db.record("host", host)
    assert_live(call, host)
    call.pool.background.start(_restart_agent(call.pool, host))


@operation("host.set_power_on_mode")
def set_power_on_mode(call: Call, host: str, mode: str, config: dict[str, str]) -> None:
    call.db.set("host", host, power_on_mode=mode, power_on_config=config)
    refresh(call.pool, host)


@operation("host.declare_dead")
def declare_dead(call: Call, host: str) -> None:
    """Its VMs count as halted from now on. `live` follows the heartbeat, and not this: wire 15-012."""
    give_up(call.pool, host)


def give_up(pool: Pool, host: str) -> None:
    """The guests of a host count as halted."""
    for vm in list(strings(pool.db.field("host", host, "resident_VMs"))):
        if not pool.db.field("VM", vm, "is_control_domain"):
            transitions.halt(pool, vm)


def refresh(pool: Pool, host: str) -> None:
    """Bring a host's operations up to date."""
    record = pool.db.record("host", host)
    if not is_live(pool, host):
        operations = ["power_on"] if record["power_on_mode"] else []
    else:
        operations = device_rules.HOST_ENABLED if record["enabled"] else device_rules.HOST_DISABLED
    pool.db.set("host", host, allowed_operations=operations)


async def go_down(pool: Pool, host: str) -> None:
    """The host is off: it answers nothing, and the others notice."""
    pool.db.set("host", host, enabled=False)
    _set_live(pool, host, live=False)
    await pool.on_power(host, False)
    ha_failover.take_over(pool, host)


async def come_up(pool: Pool, host: str) -> None:
    """The host has booted, without VMs, and is enabled unless somebody meant it to stay disabled."""
    db, now = pool.db, int(pool.clock.now())
    give_up(pool, host)
    await pool.on_power(host, True)  # first, for whoever sees it live may speak to it
    config = mapping(db.field("host", host, "other_config"))
    times = {"boot_time": f"{now}.", "agent_start_time": f"{now}."}
    db.set(
        "host",
        host,
        enabled=host not in pool.outside.stay_disabled,
        other_config=config | times,
        updates_requiring_reboot=[],
        pending_guidances=[],
    )
    _set_live(pool, host, live=True)


def assert_no_guests(call: Call, host: str) -> None:
    """Raise HOST_IN_USE with the first VM that runs on the host."""
    for vm in strings(call.db.field("host", host, "resident_VMs")):
        if not call.db.field("VM", vm, "is_control_domain"):
            raise XapiFailure("HOST_IN_USE", host, "vm", vm)


async def restart(pool: Pool, host: str, seconds: float) -> None:
    """The daemon of a host goes and comes again."""
    await pool.on_power(host, False)
    if host == pool.coordinator:
        pool.start_over()
    await asyncio.sleep(seconds * pool.pace)
    await pool.on_power(host, True)


async def _restart_agent(pool: Pool, host: str) -> None:
    await asyncio.sleep(REPLY_S)
    await restart(pool, host, AGENT_S)
    if pool.db.exists("host", host):
        config = mapping(pool.db.field("host", host, "other_config"))
        pool.db.set("host", host, other_config={**config, "agent_start_time": f"{int(pool.clock.now())}."})


async def _leave(pool: Pool, host: str, *, back: bool) -> None:
    await asyncio.sleep(REPLY_S + DOWN_S * pool.pace)
    if not pool.db.exists("host", host):
        return
    await go_down(pool, host)
    if host == pool.coordinator:
        pool.start_over()  # and again on another host, when HA moves the pool there
    if not back:
        return
    await asyncio.sleep(BOOT_S * pool.pace)
    if pool.db.exists("host", host):
        await come_up(pool, host)


def _set_live(pool: Pool, host: str, *, live: bool) -> None:
    metrics = text(pool.db.field("host", host, "metrics"))
    if pool.db.exists("host_metrics", metrics):
        pool.db.set("host_metrics", metrics, live=live, last_updated=pool.clock.wire())
    refresh(pool, host)


def _check_down(call: Call, host: str) -> None:
    if call.db.field("host", host, "enabled"):
        raise XapiFailure("HOST_NOT_DISABLED")
    assert_live(call, host)
    assert_no_guests(call, host)
