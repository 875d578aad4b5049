"""What a resource set lends to whoever makes a VM in it: its templates, SRs and networks, for that purpose alone."""

from collections.abc import Mapping, Sequence
from typing import Final

from podium.cache.entry import Entry
from podium.cache.objects import Objects
from podium.model.base import PoolObject, XoObject
from podium.model.resource_set import ResourceSet
from podium.model.vdi import AnyVDI
from podium.services.access import About, PlainRules, Viewer

_LENT: Final[Mapping[str, frozenset[str]]] = {
    "vm-template": frozenset({"read", "instantiate"}),
    "sr": frozenset({"read", "import:vdi"}),
    "network": frozenset({"read", "attach"}),
}
_PARTS: Final = frozenset({("create", "vdi"), ("create", "vif"), ("create", "vbd"), ("create", "vtpm")})
"""What a VM is made of; where it comes from and goes is asked of what lends it."""


class LentRules(PlainRules):
    """The rights of `by`, and those. `key` is never compared: nobody streams with these rules."""

    def __init__(self, by: Viewer, lender: ResourceSet, objects: Objects) -> None:
        self.key = f"lent:{lender.id}:{by.key}"
        self._by = by
        self._lender = frozenset(lender.objects)
        pools = (objects.get(one) for one in lender.objects)
        self._pools = {entry.object.pool for entry in pools if entry and isinstance(entry.object, PoolObject)}

    def may(self, action: str, resource: str, obj: About | None, around: Sequence[XoObject] = ()) -> bool:
        return self._lends(action, resource, obj) or self._by.may(action, resource, obj, around=around)

    def sees(self, entry: Entry) -> bool:
        return self._lends("read", entry.resource.privilege, entry.object) or self._by.sees(entry)

    def _lends(self, action: str, resource: str, obj: About | None) -> bool:
        if (action, resource) in _PARTS:
            return True
        if not isinstance(obj, XoObject):
            return False
        if (action, resource) == ("create:vm", "pool"):
            return obj.id in self._pools
        if resource == "vdi" and isinstance(obj, AnyVDI):
            return action in {"read", "boot", "attach"} and obj.sr in self._lender
        return obj.id in self._lender and action in _LENT.get(resource, ())
