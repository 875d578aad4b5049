"""What belongs to an object: its alarms, messages, tasks and disks, as Xen Orchestra's sub-collections list them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.cache.values import get

Related = Callable[[Objects, Entry], Sequence[Entry]]


def alarms(objects: Objects, of: Entry) -> Sequence[Entry]:
    """The alarms about an object."""
    return _about("alarm", objects, of)


def messages(objects: Objects, of: Entry) -> Sequence[Entry]:
    """The messages about an object, alarms apart."""
    return _about("message", objects, of)


def tasks(objects: Objects, of: Entry) -> Sequence[Entry]:
    """The tasks that somebody started on an object."""
    return [entry for entry in objects.ordered("task") if of.id in _objects_of_task(entry)]


def disks(objects: Objects, of: Entry) -> Sequence[Entry]:
    """The VDIs (of a snapshot: its VDI snapshots) that a VM's VBDs connect, each once, in the order of the VBDs."""
    found: dict[str, Entry] = {}
    for vbd_id in _strings(get(of.object, "$VBDs")):
        vbd = objects.get(vbd_id)
        vdi_id = None if vbd is None else get(vbd.object, "VDI")
        vdi = objects.get(vdi_id) if isinstance(vdi_id, str) else None
        if vdi is not None and vdi.resource.type in _DISKS:
            found[vdi.id] = vdi
    return list(found.values())


_DISKS: Final = frozenset({"VDI", "VDI-snapshot", "VDI-unmanaged"})


def _about(kind: str, objects: Objects, of: Entry) -> Sequence[Entry]:
    found = objects.related(kind, "object", of.id)
    uuid = get(of.object, "uuid")
    if isinstance(uuid, str) and uuid != of.id:
        # a default template has the same uuid in every pool, and messages name uuids
        found = [*found, *(one for one in objects.related(kind, "object", uuid) if one.pool == of.pool)]
    return found


def _objects_of_task(entry: Entry) -> Iterable[object]:
    properties = get(entry.object, "properties")
    return get(properties, "objectId"), get(get(properties, "params"), "id")


def _strings(value: object) -> Iterable[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []
