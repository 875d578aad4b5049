"""The engine of rights: what compiled grants say is what the naive reading says; what is remembered is what is so."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.model.base import PoolObject
from podium.model.vbd import VBD
from podium.model.vif import VIF
from podium.model.vm import VM
from podium.services.catalogue import ACTIONS, ANCHORED, covers
from podium.services.rights import containment
from podium.services.rights.grant import Grant
from podium.services.rights.holding import holds
from podium.services.rights.verdict import deciding
from tests.rights import HOSTS, PIECE, POOL, SRS, TAGS, VMS, grants, naive, one_grant, outsides, rules_of, world

tagged = st.sampled_from([*VMS, *HOSTS, *SRS[:3], POOL])
VIFS = [one for one in PIECE if isinstance(one, VIF)]
tags = st.lists(st.sampled_from(TAGS), max_size=2, unique=True)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("tag"), tagged, tags),
        st.tuples(st.just("move"), st.sampled_from(VMS), st.sampled_from([*HOSTS, POOL])),
        st.tuples(st.just("gone"), st.sampled_from([*VMS, *VIFS]), st.none()),
        st.tuples(st.just("back"), st.sampled_from([*VMS, *VIFS]), st.none()),
    ),
    max_size=15,
)


def take(objects: Any, step: tuple[str, Any, Any]) -> None:
    """One step of the world; what is not there any more is left alone."""
    what, about, value = step
    now = None if about is None else objects.get(about.id)
    if what == "back" and now is None:
        objects.apply(POOL.id, [about])
    elif what == "gone":
        objects.apply(POOL.id, [], [about.id])
    elif what == "tag" and now is not None:
        objects.apply(POOL.id, [msgspec.structs.replace(now.object, tags=tuple(value))])
    elif what == "move" and now is not None:
        objects.apply(POOL.id, [msgspec.structs.replace(now.object, container=value.id)])


@settings(max_examples=60, deadline=None)
@given(grants, st.lists(st.tuples(tagged, tags), max_size=4), st.sampled_from(["read", "update:tags", "start"]))
def test_the_engine_says_what_the_naive_reading_says(
    held: list[Grant], marks: list[tuple[PoolObject, list[str]]], action: str
) -> None:
    objects, hub = world()
    for about, some in marks:
        take(objects, ("tag", about, some))
    rules, outside = rules_of(held, objects, hub), outsides(objects)
    for one in PIECE:
        entry = objects.get(one.id)
        assert entry is not None
        said = rules.may(action, entry.resource.privilege, entry.object)
        assert said == naive(held, action, entry.object, outside), (held, entry)
        grant = rules.deciding(action, entry.resource.privilege, entry.object)
        assert said == (grant is not None and grant.effect == "allow")
        if rules.verdict(action, entry.resource.privilege).all:
            assert said
    if rules.sees_all("vm"):
        assert all(rules.sees(objects.get(vm.id)) for vm in VMS)  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(grants, steps)
def test_what_is_remembered_is_what_is_so(held: list[Grant], happening: list[tuple[str, Any, Any]]) -> None:
    objects, hub = world()
    rules = rules_of(held, objects, hub)
    before = {kind: rules.version(kind) for kind in ("VM", "VIF", "VDI")}
    seen: dict[str, list[bytes]] = {}
    for step in [("look", None, None), *happening]:
        take(objects, step)
        fresh = rules_of(held, objects, hub)
        for kind in ("VM", "VIF", "VBD", "VDI", "SR", "host", "pool", "VM-snapshot", "VDI-snapshot"):
            entries = objects.ordered(kind)
            assert list(rules.select(entries)) == [one for one in entries if fresh._sight._judge(one)], kind
        for kind, version in before.items():
            bodies = [one.body for one in rules.select(objects.ordered(kind))]
            now = rules.version(kind)
            if kind in seen and seen[kind] != bodies:
                assert now != version  # what changed has another name
            seen[kind], before[kind] = bodies, now


def test_what_is_unseen_changes_no_version() -> None:
    objects, hub = world()
    rules = rules_of([Grant("vm", "read", selector=f"id:={VMS[0].id}")], objects, hub)
    assert len(list(rules.select(objects.ordered("VM")))) == 1
    version = rules.version("VM")
    take(objects, ("tag", VMS[1], ["prod"]))
    assert rules.version("VM") == version
    take(objects, ("tag", VMS[0], ["prod"]))
    assert rules.version("VM") != version


def test_up_and_down_agree() -> None:
    objects, _ = world()
    for one in PIECE:
        if isinstance(one, VBD):  # holds nothing itself: what is below it is its VM's
            continue
        for inner_id in containment.inside(one, objects):
            inner = objects.get(inner_id)
            assert inner is not None
            assert one.id in {outer.id for outer in containment.containers(inner.object, objects)}, (one.id, inner)
        for outer in containment.containers(one, objects):
            assert one.id in containment.inside(outer, objects), (outer.id, one.id)


@settings(max_examples=200, deadline=None)
@given(st.lists(one_grant(), max_size=5), one_grant())
def test_who_holds_a_grant_may_what_it_allows(held: list[Grant], wanted: Grant) -> None:
    wanted = wanted._replace(effect="allow")
    if not holds(held, wanted):
        return
    objects, hub = world()
    mine, its = rules_of(held, objects, hub), rules_of([wanted], objects, hub)
    for one in PIECE:
        entry = objects.get(one.id)
        assert entry is not None
        for action in ("read", "update:tags", "start"):
            if its.may(action, entry.resource.privilege, entry.object):
                assert mine.may(action, entry.resource.privilege, entry.object), (held, wanted, entry)


def test_actions_are_covered_downwards_only() -> None:
    assert covers("*", "shutdown:hard")
    assert covers("shutdown", "shutdown:hard")
    assert covers("shutdown:hard", "shutdown:hard")
    assert not covers("shutdown:hard", "shutdown")
    assert not covers("shut", "shutdown")
    assert not covers("update:tag", "update:tags")


def test_the_catalogue_is_xen_orchestras_and_more() -> None:
    assert len(ANCHORED) == 37
    assert ACTIONS["vm"] >= {"update:coresPerSocket", "reboot:clean", "revert-snapshot", "console"}
    assert "" not in set().union(*ACTIONS.values())
    for resource, actions in ANCHORED.items():
        assert "read" in actions, resource
        assert all(action.count(":") <= 1 for action in actions)


def test_new_objects_are_judged_by_their_body_and_by_where_they_will_be() -> None:
    objects, hub = world()
    vm = objects.get(VMS[0].id)
    assert vm is not None
    held = [Grant("vif", "create", selector="mac:aa"), Grant("vm", "*", selector=f"id:{vm.id}", reach="inside")]
    rules = rules_of(held, objects, hub)
    assert rules.may("create", "vif", {"mac": "AA:BB"})
    assert not rules.may("create", "vif", {"mac": "CC"})
    assert not rules.may("create", "vif", None)
    assert rules.may("create", "vif", {"mac": "CC"}, [vm.object])
    assert not rules.may("create", "vif", {"mac": "CC"}, [POOL])
    assert deciding(rules.grants, "vif", {"mac": "x"}, [vm.object]) is not None
    assert isinstance(vm.object, VM)
