"""Mirror: no derived value is ever stale, and nothing is projected that cannot have changed."""

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.cache.mirror import Event, Mirror
from podium.model.base import Lookup, PoolObject, Projection
from podium.xapi.records import Host_metricsRecord, HostRecord, Record, VBDRecord, VDIRecord, VMRecord


class Seen(PoolObject, frozen=True, kw_only=True, gc=False):
    value: tuple[object, ...]


def memory(metrics: Host_metricsRecord) -> int:
    return metrics.memory_free // 100


def seen(ref: str, record: Record, look: Lookup, value: tuple[object, ...]) -> Seen:
    return Seen(id=record.uuid or ref, type="x", pool=look.pool_id, pool_id=look.pool_id, xapi_ref=ref, value=value)


def vm(ref: str, record: VMRecord, look: Lookup) -> Seen:
    host = look.record(HostRecord, record.resident_on)
    free = None if host is None else look.fact(Host_metricsRecord, host.metrics, memory)
    return seen(
        ref, record, look, (record.name_label, look.links(record.VBDs), None if host is None else host.name_label, free)
    )


def vbd(ref: str, record: VBDRecord, look: Lookup) -> Seen:
    return seen(ref, record, look, (look.link(record.VM), look.link(record.VDI)))


def vdi(ref: str, record: VDIRecord, look: Lookup) -> Seen:
    parent = look.find(VDIRecord, record.sm_config.get("vhd-parent", ""))
    return seen(ref, record, look, (parent,))


PROJECTIONS: dict[str, Projection] = {"vm": vm, "vbd": vbd, "vdi": vdi}

refs = [f"OpaqueRef:{letter}" for letter in "abcdef"]
any_ref = st.sampled_from([*refs, "OpaqueRef:NULL", ""])
few = st.integers(0, 3)


@st.composite
def events(draw: st.DrawFn) -> Event:
    number = draw(st.integers(0, 5))
    ref = refs[number]
    # one class per ref, as in a real pool
    kind = ("vm", "vm", "vbd", "vdi", "host", "host_metrics")[number]
    if draw(st.integers(0, 4)) == 0:
        return Event(kind, ref, None)
    uuid = f"{ref}-{draw(st.integers(0, 1))}"
    record: Record
    match kind:
        case "vm":
            record = VMRecord(
                uuid=uuid,
                name_label=str(draw(few)),
                VBDs=tuple(draw(st.lists(any_ref, max_size=5))),
                resident_on=draw(any_ref),
            )
        case "vbd":
            record = VBDRecord(uuid=uuid, VM=draw(any_ref), VDI=draw(any_ref))
        case "vdi":
            parent = draw(st.sampled_from(["", f"{ref}-0", f"{ref}-1"]))
            record = VDIRecord(uuid=uuid, sm_config={"vhd-parent": parent} if parent else {})
        case "host":
            record = HostRecord(uuid=uuid, name_label=str(draw(few)), metrics=draw(any_ref))
        case _:
            record = Host_metricsRecord(uuid=uuid, memory_free=draw(st.integers(0, 300)))
    return Event(kind, ref, record)


def shown(mirror: Mirror, known: dict[str, tuple[str, object]]) -> None:
    """Take what the mirror shows into `known`, by ref."""
    while mirror.pending:
        for one in mirror.project(3):
            if one.object is None:
                known.pop(one.ref, None)
            else:
                assert isinstance(one.object, Seen)
                known[one.ref] = (one.object.id, one.object.value)


def mirror_of() -> Mirror:
    return Mirror(projections=PROJECTIONS, pool_ref="OpaqueRef:pool", pool_id="pool")


@pytest.mark.parametrize("long_from", [1, 32])
@settings(max_examples=300, deadline=None)
@given(batches=st.lists(st.lists(events(), max_size=4), max_size=12))
def test_following_changes_ends_where_a_fresh_start_does(long_from: int, batches: list[list[Event]]) -> None:
    with patch("podium.cache.mirror._MANY", long_from):
        follow_and_compare(batches)


def follow_and_compare(batches: list[list[Event]]) -> None:
    followed = mirror_of()
    known: dict[str, tuple[str, object]] = {}
    final: dict[str, Event] = {}
    for batch in batches:
        followed.apply(batch)
        shown(followed, known)
        for event in batch:
            if event.record is None:
                final.pop(event.ref, None)
            else:
                final[event.ref] = event
    fresh = mirror_of()
    expected: dict[str, tuple[str, object]] = {}
    fresh.apply(final.values())
    shown(fresh, expected)
    assert known == expected
    assert followed.shown() == {object_id for object_id, _ in known.values()}


def test_a_change_wakes_only_those_who_can_notice_it() -> None:
    mirror = mirror_of()
    vm_ref, vbd_ref, host_ref, metrics_ref = (f"OpaqueRef:{one}" for one in ("v", "b", "h", "m"))
    mirror.apply(
        [
            Event("vm", vm_ref, VMRecord(uuid="v", VBDs=(vbd_ref,), resident_on=host_ref)),
            Event("vbd", vbd_ref, VBDRecord(uuid="b", VM=vm_ref)),
            Event("host", host_ref, HostRecord(uuid="h", metrics=metrics_ref)),
            Event("host_metrics", metrics_ref, Host_metricsRecord(uuid="m", memory_free=120)),
        ]
    )
    shown(mirror, {})

    def woken(event: Event) -> set[str]:
        mirror.apply([event])
        return {one.ref for one in mirror.project(100)}

    assert woken(Event("vm", vm_ref, VMRecord(uuid="v", VBDs=(vbd_ref,), resident_on=host_ref))) == set()
    assert woken(Event("vm", vm_ref, VMRecord(uuid="v", name_label="n", VBDs=(vbd_ref,), resident_on=host_ref))) == {
        vm_ref
    }
    assert woken(Event("host_metrics", metrics_ref, Host_metricsRecord(uuid="m", memory_free=180))) == set()
    assert woken(Event("host_metrics", metrics_ref, Host_metricsRecord(uuid="m", memory_free=280))) == {vm_ref}
    assert woken(Event("vbd", vbd_ref, VBDRecord(uuid="other", VM=vm_ref))) == {vbd_ref, vm_ref}
