"""Messages and alarms: forgotten one by one, which a pool never does by itself before it has ten thousand of them."""

from podium.model.base import PoolObject
from podium.model.registry import BY_COLLECTION
from podium.services.access import Viewer
from podium.services.gateway import Gateway


class Messages:
    """`collection`: messages or alarms."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def require(self, collection: str, message_id: str, *, by: Viewer) -> PoolObject:
        """Raises NotFound, MissingPrivileges."""
        resource = BY_COLLECTION[collection]
        found = self._gateway.find(PoolObject, resource.type, message_id)
        by.require("delete", resource.privilege, found)
        return found

    async def delete(self, collection: str, message_id: str, *, by: Viewer) -> None:
        """Returns when the cache has it no more."""
        message = self.require(collection, message_id, by=by)
        await self._gateway.call(message, "message.destroy", message.xapi_ref)
        await self._gateway.settle(message)
