"""Groups that a provider decides: made when somebody arrives who is in them, kept in step at each sign-in."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from podium.db.base import Database
from podium.db.group import GroupRow, MembershipRow
from podium.services.users import name_key

log = structlog.get_logger(__name__)

_MAX_GROUPS: Final = 1000
_MAX_NAME: Final = 255
_MAX_ID: Final = 512
_TRIES: Final = 5


class ProviderGroups:
    """`changed` is told, with their ids, which groups are not as they were: they are to be shown and felt."""

    def __init__(self, database: Database, *, changed: Callable[[set[str]], Awaitable[None]]) -> None:
        self._database = database
        self._changed = changed

    async def sync(self, provider: str, user_id: str, groups: dict[str, str]) -> None:
        """The user is in exactly these groups of the provider: their names by the provider's ids.

        A group that nobody is left in stays: it may have roles.
        """
        wanted = {key: name for key, name in groups.items() if len(key) <= _MAX_ID and _usable(name)}
        wanted = dict(sorted(wanted.items())[:_MAX_GROUPS])
        for attempt in range(_TRIES):
            try:
                touched = await self._written(provider, user_id, wanted)
                break
            except IntegrityError:  # somebody else of the same group arrived at the same moment, and made it
                if attempt == _TRIES - 1:
                    raise
        if touched:
            log.info("groups changed by the provider", user=user_id, provider=provider, groups=len(touched))
            await self._changed(touched)

    async def _written(self, provider: str, user_id: str, wanted: dict[str, str]) -> set[str]:
        touched: set[str] = set()
        async with self._database.begin() as tx:
            rows = {
                row.provider_group_id: row
                for row in await tx.scalars(select(GroupRow).where(GroupRow.provider == provider))
            }
            taken = {row.name_key for row in rows.values()}
            now_in = set(
                await tx.scalars(
                    select(MembershipRow.group_id)
                    .join(GroupRow, GroupRow.id == MembershipRow.group_id)
                    .where(MembershipRow.user_id == user_id, GroupRow.provider == provider)
                )
            )
            belongs: set[str] = set()
            for key, name in wanted.items():
                row = rows.get(key)
                if row is None or row.name != name:
                    free = _free(name, taken - ({row.name_key} if row is not None else set()))
                    if row is None:
                        row = GroupRow(
                            id=str(uuid4()),
                            name=free,
                            name_key=name_key(free),
                            provider=provider,
                            provider_group_id=key,
                            created=datetime.now(UTC),
                        )
                        tx.add(row)
                        touched.add(row.id)
                    elif row.name != free:
                        row.name, row.name_key = free, name_key(free)
                        touched.add(row.id)
                    taken.add(row.name_key)
                belongs.add(row.id)
            await tx.flush()
            for group_id in belongs - now_in:
                tx.add(MembershipRow(group_id=group_id, user_id=user_id))
            if gone := now_in - belongs:
                await tx.execute(
                    delete(MembershipRow).where(MembershipRow.user_id == user_id, MembershipRow.group_id.in_(gone))
                )
            touched |= belongs ^ now_in
        return touched


def _usable(name: str) -> bool:
    return bool(name.strip()) and len(name) <= _MAX_NAME and name.isprintable()


def _free(name: str, taken: set[str]) -> str:
    """Two groups of a directory may have one name in two of its places; here they differ by a number."""
    free, number = name, 1
    while name_key(free) in taken:
        number += 1
        free = f"{name[: _MAX_NAME - 8]} ({number})"
    return free
