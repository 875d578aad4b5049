"""Messages and alarms: forgotten one by one, which a pool never does by itself before it has ten thousand of them."""

from typing import Protocol

from podium.model.base import PoolObject
from podium.model.message import Alarm
from podium.model.registry import BY_COLLECTION
from podium.services.access import Viewer
from podium.services.gateway import Gateway


class OwnAlarms(Protocol):
    """What is needed of the alarm desk: alarms of our rules are no pool's."""

    def require_ended(self, alarm: Alarm) -> None: ...
    async def forget(self, alarm: Alarm) -> None: ...


class Messages:
    """`collection`: messages or alarms."""

    def __init__(self, gateway: Gateway, own: OwnAlarms) -> None:
        self._gateway = gateway
        self._own = own

    def require_possible(self, collection: str, message_id: str, *, by: Viewer) -> None:
        """As `require`. Raises also PoolUnreachable, ReadOnly, and IncorrectState for an alarm that is raised."""
        found = self.require(collection, message_id, by=by)
        if isinstance(found, Alarm) and found.is_own:
            self._own.require_ended(found)
        else:
            self._gateway.require_writable(found)

    def require(self, collection: str, message_id: str, *, by: Viewer) -> PoolObject:
        """Raises NotFound, MissingPrivileges."""
        resource = BY_COLLECTION[collection]
        found = self._gateway.find(PoolObject, resource.type, message_id)
        by.require("delete", resource.privilege, found)
        return found

    async def delete(self, collection: str, message_id: str, *, by: Viewer) -> None:
        """Returns when the cache has it no more. Raises IncorrectState for an alarm of a rule that is raised."""
        message = self.require(collection, message_id, by=by)
        if isinstance(message, Alarm) and message.is_own:
            await self._own.forget(message)
            return
        await self._gateway.call(message, "message.destroy", message.xapi_ref)
        await self._gateway.settle(message)
