"""Edits: changes of single fields of one XAPI object, each with what takes it back, made one after the other.

XAPI has no transaction over several fields: when the third of five is refused, the first two are set back (`Steps`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from podium.errors import PoolError
from podium.model.base import PoolObject
from podium.services.access import Viewer
from podium.services.gateway import Gateway
from podium.services.undo import Steps


class Call(NamedTuple):
    """One call of the class's message to the object: `set_name_label`, its arguments after the object."""

    message: str
    arguments: tuple[object, ...]


class Edit(NamedTuple):
    """A change, in the calls it takes, and the calls that take it back. `what` in words, for whom it fails half way."""

    what: str
    calls: tuple[Call, ...]
    undo: tuple[Call, ...]


def require_update(by: Viewer, resource: str, about: PoolObject, fields: Iterable[str]) -> None:
    """The privilege of each field that is to change; of no change, `update` itself. Raises MissingPrivileges."""
    for action in [f"update:{field}" for field in fields] or ["update"]:
        by.require(action, resource, about)


class Editor:
    """The edits of one object. `record` is what the pool says it is now: equal values make no edit."""

    def __init__(self, gateway: Gateway, about: PoolObject, xapi_class: str, record: Mapping[str, Any]) -> None:
        self.record = record
        self.edits: list[Edit] = []
        self._gateway = gateway
        self._about = about
        self._class = xapi_class

    @classmethod
    async def of(cls, gateway: Gateway, about: PoolObject, xapi_class: str) -> "Editor":
        """With the record read from the pool just now."""
        record = await gateway.ask(about, f"{xapi_class}.get_record", about.xapi_ref)
        if not isinstance(record, dict):
            raise PoolError(f"the pool does not describe the {about.type}")
        return cls(gateway, about, xapi_class, record)

    def set(self, field: str, value: object, what: str | None = None) -> None:
        """Set a field by its own setter."""
        old = self.record.get(field)
        if value != old:
            message = f"set_{field}"
            words = what or f"changed {field.replace('_', ' ')}"
            self.edits.append(Edit(words, (Call(message, (value,)),), (Call(message, (old,)),)))

    def entry(self, field: str, key: str, value: str | None, what: str | None = None) -> None:
        """Set one entry of a map, or take it out (None). The others are nobody's business here: others set them."""
        old = self.record.get(field, {}).get(key)
        if value != old:
            words = what or f"changed {key} in {field.replace('_', ' ')}"
            self.edits.append(Edit(words, _entry(field, key, value, old), _entry(field, key, old, value)))

    def call(self, what: str, message: str, *arguments: object, undo: Call | None = None) -> None:
        """Any other change."""
        self.edits.append(Edit(what, (Call(message, arguments),), () if undo is None else (undo,)))

    async def apply(self, steps: Steps | None = None) -> None:
        """Make the edits, in their order; what was done is undone when one is refused. Does not `settle`."""
        if steps is None:
            async with Steps() as own:
                await self.apply(own)
            return
        for edit in self.edits:
            await self._do(edit.calls[:1])
            # counts from its first call on: when the second one is refused, the first is to be taken back, too
            steps.done(edit.what, self._back(edit) if edit.undo else None)
            await self._do(edit.calls[1:])

    def _back(self, edit: Edit) -> Any:
        return lambda: self._do(edit.undo)

    async def _do(self, calls: tuple[Call, ...]) -> None:
        for message, arguments in calls:
            await self._gateway.call(self._about, f"{self._class}.{message}", self._about.xapi_ref, *arguments)


def _entry(field: str, key: str, value: str | None, old: str | None) -> tuple[Call, ...]:
    remove = () if old is None else (Call(f"remove_from_{field}", (key,)),)
    return remove if value is None else (*remove, Call(f"add_to_{field}", (key, value)))
