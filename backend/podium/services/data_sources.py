"""Data sources: which numbers hosts keep of themselves, VMs and SRs, and the switches of those that they need not."""

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from podium.errors import NotFound, PodiumError, PoolError
from podium.model.base import PoolObject
from podium.model.registry import BY_COLLECTION
from podium.services.access import READ, Viewer
from podium.services.gateway import Gateway

CLASSES: Final[dict[str, str]] = {"hosts": "host", "srs": "SR", "vms": "VM"}
"""The XAPI class of each collection whose objects have data sources."""
ACTION: Final = "update:datasources"
LONGEST: Final = 200
UNKNOWN: Final = "Invalid_data_source"
"""How the host says that there is no such source, within an INTERNAL_ERROR (wire 07-124)."""


class DataSource(msgspec.Struct, frozen=True):
    """A number that a host measures. `enabled`: it keeps it; `standard`: it does so unless told otherwise.

    `units` are XAPI's ("(fraction)", "B/s", "KiB"); `min`, `max` and `value` are null where there is none. The value is
    what XAPI says, which is often 0: the statistics know better.
    """

    name_label: str
    name_description: str
    enabled: bool
    standard: bool
    units: str
    min: float | None
    max: float | None
    value: float | None


class DataSources:
    """Asks and tells the pool at once: there is nothing of this in the cache."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def list(self, collection: str, object_id: str, *, by: Viewer) -> list[DataSource]:
        """By name. Raises NotFound, MissingPrivileges, IncorrectState, PoolError."""
        one = self._find(collection, object_id, READ, by)
        answer = await self._gateway.ask(one, f"{CLASSES[collection]}.get_data_sources", one.xapi_ref)
        if not isinstance(answer, list):
            raise PoolError("the pool does not list the data sources")
        found = [_source(each) for each in answer if isinstance(each, Mapping)]
        return sorted(found, key=lambda source: source.name_label)

    async def record(self, collection: str, object_id: str, name: str, *, by: Viewer) -> None:
        """Have it kept from now on; one that is kept already is no failure.

        Raises NotFound (also for a source that there is not), MissingPrivileges, IncorrectState, ReadOnly, PoolError.
        """
        await self._tell("record_data_source", collection, object_id, name, by)

    async def forget(self, collection: str, object_id: str, name: str, *, by: Viewer) -> None:
        """Have it kept no longer, and what was kept of it dropped. Raises as `record`."""
        await self._tell("forget_data_source_archives", collection, object_id, name, by)

    async def _tell(self, message: str, collection: str, object_id: str, name: str, by: Viewer) -> None:
        one = self._find(collection, object_id, ACTION, by)
        try:
            await self._gateway.call(one, f"{CLASSES[collection]}.{message}", one.xapi_ref, name)
        except PodiumError as error:
            if error.xapi is not None and any(UNKNOWN in param for param in error.xapi.params):
                raise NotFound("data source", name) from error
            raise

    def _find(self, collection: str, object_id: str, action: str, by: Viewer) -> PoolObject:
        resource = BY_COLLECTION[collection]
        one = self._gateway.find(PoolObject, resource.type, object_id)
        by.require(action, resource.privilege, one)
        return one


def _source(record: Mapping[str, object]) -> DataSource:
    return DataSource(
        name_label=str(record.get("name_label", "")),
        name_description=str(record.get("name_description", "")),
        enabled=record.get("enabled") is True,
        standard=record.get("standard") is True,
        units=str(record.get("units", "")),
        min=_finite(record.get("min")),
        max=_finite(record.get("max")),
        value=_finite(record.get("value")),
    )


def _finite(value: object) -> float | None:
    """Bounds are often infinite, and values not numbers."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
