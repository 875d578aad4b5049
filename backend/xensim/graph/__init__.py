"""A coherent pool of any size, deterministic by seed: what the simulator shows before anybody touches it."""

from collections.abc import Mapping, Sequence

from xensim.graph import (
    drivers,
    groups,
    history,
    hosts,
    networks,
    oddities,
    peripherals,
    services,
    snapshots,
    storage,
    templates,
)
from xensim.graph.guests import Builder
from xensim.graph.mint import GIB, Mint
from xensim.graph.oddities import DANGLING
from xensim.graph.site import Site
from xensim.ops import appliance_rules, devices, memory, vm_rules
from xensim.ops.values import text
from xensim.pool import Pool

__all__ = ["DANGLING", "build", "build_installed"]


def build(
    pool: Pool,
    *,
    hosts: int = 3,
    vms: int = 60,
    seed: int = 1,
    addresses: Sequence[str] = (),
    certificates: Mapping[str, str] | None = None,
) -> None:
    """Fill the empty database of `pool` with `hosts` hosts and `vms` VMs (templates and snapshots not counted).

    Refs, uuids and contents follow from `seed`; dates are relative to the pool's clock. `addresses`: of the hosts in
    order, 127.0.0.1 and so on where it is too short. `certificates`: SHA-256 fingerprints by address.
    """
    site = Site(Mint(pool, seed), vms)
    _infrastructure(site, hosts, addresses, certificates or {})
    builder = Builder(site)
    guests = []
    for number in range(vms):
        guest = builder.add(number)
        snapshots.add(site, guest)
        guests.append(guest)
    oddities.add(site, builder, guests)
    groups.add(site, guests)
    services.build(site)
    history.add(site, guests)
    drivers.build_unused(site)
    storage.totals(site)
    _settle(site)


def build_installed(pool: Pool, *, host: Mapping[str, object], address: str, seed: int) -> None:
    """Fill the empty database of `pool` with one host as an installation leaves it. `host`: fields it is to have."""
    site = Site(Mint(pool, seed), 0)
    hosts.build(site, count=1, addresses=[address], certificates={})
    db = pool.db
    db.set("pool", site.pool, name_label="", name_description="", tags=[])
    db.set("host", site.hosts[0].ref, **host)
    networks.build_installed(site)
    storage.build_installed(site)
    templates.build_installed(site)
    storage.totals(site)
    _settle(site)


def _infrastructure(site: Site, count: int, addresses: Sequence[str], certificates: Mapping[str, str]) -> None:
    groups.people(site)
    hosts.build(site, count=count, addresses=addresses, certificates=certificates)
    networks.build(site)
    storage.build(site)
    peripherals.build(site)
    templates.build(site)


def _settle(site: Site) -> None:
    """What depends on everything else: operations that VMs allow, and the memory of the hosts."""
    db = site.mint.db
    for image in site.isos:
        devices.refresh_vdi(db, image)
    for ref in list(db.refs("VM")):
        db.set("VM", ref, allowed_operations=vm_rules.allowed(db, ref))
    for ref in list(db.refs("VM_appliance")):
        appliance_rules.refresh(db, ref)
    for host in site.hosts:
        metrics = text(db.field("host", host.ref, "metrics"))
        claimed = -memory.balance(db, host.ref) + 256 * GIB
        total = max(256, -(-(claimed * 5 // 4) // (128 * GIB)) * 128) * GIB
        db.set("host_metrics", metrics, memory_total=total)
        db.set("host_metrics", metrics, memory_free=memory.balance(db, host.ref))
