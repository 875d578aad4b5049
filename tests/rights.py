"""A piece of the recorded pool, grants to draw from, and the naive reading of them: slow, and obviously right."""

from collections.abc import Iterable

from hypothesis import strategies as st

from podium.cache.filter import parse_filter
from podium.cache.objects import Objects
from podium.model.base import PoolObject, XoObject
from podium.model.host import Host
from podium.model.network import Network
from podium.model.pool import Pool
from podium.model.registry import BY_STRUCT
from podium.model.sr import SR
from podium.model.vbd import VBD
from podium.model.vdi import VDI, AnyVDI
from podium.model.vm import VM, AnyVM, VMController
from podium.services.rights.grant import Grant
from podium.services.rights.rules import GrantedRules
from podium.stream.hub import Hub
from tests.model.lookup import golden_records, project

WHOLE: list[XoObject] = [one for one in project(golden_records()) if type(one) in BY_STRUCT]
BY_ID = {one.id: one for one in WHOLE}


def piece() -> list[XoObject]:
    """Some VMs with snapshots and tags, all that belongs to them, and what is around."""
    vms = [one for one in WHOLE if isinstance(one, VM) and one.snapshots][:4]
    found: dict[str, XoObject] = {one.id: one for one in vms}
    waiting: list[XoObject] = list(vms)
    while waiting:
        one = waiting.pop()
        for name in ("vbds", "vifs", "snapshots", "vdi", "vdis_of"):
            links = getattr(one, name, ())
            for link in (links,) if isinstance(links, str) else links or ():
                if isinstance(link, str) and link in BY_ID and link not in found:
                    found[link] = BY_ID[link]
                    waiting.append(BY_ID[link])
    around = [one for one in WHOLE if isinstance(one, Pool | Host | SR | Network | VMController)]
    return [*around, *(one for one in found.values() if one not in around)]


PIECE = piece()
POOL = next(one for one in PIECE if isinstance(one, Pool))
HOSTS = [one for one in PIECE if isinstance(one, Host)]
SRS = [one for one in PIECE if isinstance(one, SR)]
VMS = [one for one in PIECE if isinstance(one, VM)]
TAGS = ("prod", "preprod", "qa")


def world(**ring: int) -> tuple[Objects, Hub]:
    hub = Hub(time=lambda: 0.0, cpu_time=lambda: 0.0, **ring)
    objects = Objects(epoch="e1", publish=hub.publish, resource_of=lambda one: BY_STRUCT[type(one)])
    objects.apply(POOL.id, [one for one in PIECE if isinstance(one, PoolObject)])
    return objects, hub


def rules_of(grants: Iterable[Grant], objects: Objects, hub: Hub) -> GrantedRules:
    return GrantedRules(frozenset(grants), objects=objects, hub=hub)


selectors = st.one_of(
    st.just(""),
    st.sampled_from([f"tags:{tag}" for tag in TAGS] + [f"tags:={tag}" for tag in TAGS]),
    st.sampled_from([f"id:{one.id}" for one in (*VMS, *HOSTS, *SRS[:3], POOL)]),
    st.sampled_from([f"id:={one.id}" for one in (*VMS, *HOSTS)]),
    st.sampled_from([f"$pool:{POOL.id}", "$pool:nowhere", "id:a", f"id:{POOL.id[:8]}", "uuid:/^[0-7]/"]),
    st.sampled_from(["power_state:Running", "name_label:a", "!tags:prod", "|(tags:qa power_state:Halted)", "tags?"]),
)
resources = st.sampled_from(["vm", "vdi", "vif", "vbd", "sr", "host", "pool", "network", "vm-snapshot", "vdi-snapshot"])
CONTAINERS = ("pool", "host", "sr", "vm", "vm-snapshot")


@st.composite
def one_grant(draw: st.DrawFn) -> Grant:
    resource = draw(resources)
    reach = draw(st.sampled_from(["self", "inside"])) if resource in CONTAINERS else "self"
    action = draw(st.sampled_from(["read", "read", "*", "update", "update:tags", "start", "shutdown"]))
    effect = draw(st.sampled_from(["allow", "allow", "allow", "deny"]))
    return Grant(resource, action, effect, draw(selectors), reach)  # type: ignore[arg-type]


reaching = st.builds(
    lambda resource, tag: Grant(resource, "read", "allow", f"tags:={tag}", "inside"),
    st.sampled_from(["pool", "host", "sr", "vm"]),
    st.sampled_from(TAGS),
)
"""Grants that let objects in that have no tags themselves."""
grants = st.lists(st.one_of(one_grant(), reaching), max_size=5)


def naive(held: Iterable[Grant], action: str, obj: XoObject, outside: dict[str, list[XoObject]]) -> bool:
    """As ANCHOR 4.3 says it, grant by grant and object by object; each selector parsed anew."""
    resource = BY_STRUCT[type(obj)].privilege
    allowed = False
    for grant in held:
        if grant.action not in ("*", action) and not action.startswith(grant.action + ":"):
            continue
        about = [obj] if grant.resource == resource else []
        if grant.reach == "inside":
            about += [one for one in outside[obj.id] if BY_STRUCT[type(one)].privilege == grant.resource]
        if any(parse_filter(grant.selector).matches(one) for one in about):
            if grant.effect == "deny":
                return False
            allowed = True
    return allowed


def outsides(objects: Objects) -> dict[str, list[XoObject]]:
    """By id, all that holds an object: read from the other side, pair by pair, until nothing is added any more."""
    there = [entry.object for entry in (objects.get(one.id) for one in PIECE) if entry is not None]
    holders = {inner.id: {outer.id for outer in there if _directly(outer, inner, objects)} for inner in there}
    grown = True
    while grown:
        grown = False
        for found in holders.values():
            more = {outer for holder in found for outer in holders.get(holder, ())} - found
            found.update(more)
            grown = grown or bool(more)
    by_id = {one.id: one for one in there}
    return {key: [by_id[one] for one in found if one != key] for key, found in holders.items()}


def _directly(outer: XoObject, inner: XoObject, objects: Objects) -> bool:
    if isinstance(outer, Pool):
        return isinstance(inner, PoolObject) and inner is not outer and inner.pool == outer.id
    if isinstance(outer, AnyVM) and isinstance(inner, AnyVDI):
        vbds = [objects.get(one or "") for one in inner.vbds]
        drives = [one.object for one in vbds if one is not None and isinstance(one.object, VBD)]
        return any(one.vm == outer.id and not one.is_cd_drive for one in drives)
    kinds: tuple[tuple[type, tuple[str, ...]], ...] = (
        (Host, ("container", "host")),
        (SR, ("sr",)),
        (AnyVM, ("vm", "snapshot_of")),
        (VDI, ("snapshot_of",)),
    )
    fields = next((fields for kind, fields in kinds if isinstance(outer, kind)), ())
    return any(getattr(inner, field, None) == outer.id for field in fields)
