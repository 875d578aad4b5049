"""Tags of the objects that have some."""

from typing import Final

from podium.errors import InvalidParameters
from podium.model.base import PoolObject
from podium.model.registry import BY_COLLECTION
from podium.services.access import Viewer
from podium.services.gateway import Gateway

CLASSES: Final[dict[str, str]] = {
    "hosts": "host",
    "networks": "network",
    "pools": "pool",
    "srs": "SR",
    "vdis": "VDI",
    "vdi-snapshots": "VDI",
    "vms": "VM",
    "vm-controllers": "VM",
    "vm-snapshots": "VM",
    "vm-templates": "VM",
}
"""The XAPI class of each collection whose objects have tags."""
LONGEST: Final = 255


class Tags:
    """Adds and removes them; both are idempotent."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def validate(self, tag: str) -> None:
        """Raises InvalidParameters."""
        if not tag.strip() or len(tag) > LONGEST or not all(char.isprintable() or char == " " for char in tag):
            raise InvalidParameters(f"a tag has 1 to {LONGEST} characters, and no control characters")

    def require(self, collection: str, object_id: str, *, by: Viewer) -> PoolObject:
        """Raises NotFound, MissingPrivileges."""
        resource = BY_COLLECTION[collection]
        found = self._gateway.find(PoolObject, resource.type, object_id)
        by.require("update:tags", resource.privilege, found)
        return found

    async def add(self, collection: str, object_id: str, tag: str, *, by: Viewer) -> None:
        await self._change("add_tags", collection, object_id, tag, by)

    async def remove(self, collection: str, object_id: str, tag: str, *, by: Viewer) -> None:
        await self._change("remove_tags", collection, object_id, tag, by)

    async def _change(self, message: str, collection: str, object_id: str, tag: str, by: Viewer) -> None:
        one = self.require(collection, object_id, by=by)
        self.validate(tag)
        await self._gateway.call(one, f"{CLASSES[collection]}.{message}", one.xapi_ref, tag)
        await self._gateway.settle(one)
