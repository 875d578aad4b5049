"""Tokens as clients see them."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from podium.db.token import TokenRow

Kind = Literal["api", "session"]
Scope = Literal["all", "read"]


class TokenClient(msgspec.Struct, frozen=True):
    id: str


class LastUse(msgspec.Struct, frozen=True):
    timestamp: int


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as clients see it (Xen Orchestra's names; times in milliseconds).

    `id`: when it was just made, what goes into the cookie or behind `Bearer`; in a list, where secrets have no place,
    the same as `token_id`, by which it is revoked.
    """

    id: str
    token_id: str
    user_id: str
    created_at: int
    expiration: int
    kind: Kind
    client: TokenClient | UnsetType = UNSET
    description: str | UnsetType = UNSET
    last_uses: dict[str, LastUse] | UnsetType = UNSET
    current: bool = False
    """Whether the request that asked was made with this very token."""
    scope: Scope = "all"
    """"read": it changes nothing."""
    filter: str | UnsetType = UNSET
    """In the language of lists: the objects that it is good for; all without."""
    created_by: str | UnsetType = UNSET
    """The id of the user who made it; "operator": the command line."""
    created_from: str | UnsetType = UNSET
    """The address that asked for it."""


def token_of(row: TokenRow, secret: str, *, current: bool = False) -> Token:
    return Token(
        id=secret,
        token_id=row.id,
        user_id=row.user_id,
        created_at=_ms(row.created),
        expiration=_ms(row.expires),
        kind="session" if row.kind == "session" else "api",
        client=TokenClient(row.client_id) if row.client_id is not None else UNSET,
        description=row.description if row.description is not None else UNSET,
        last_uses={row.last_address or "": LastUse(_ms(row.last_use))} if row.last_use is not None else UNSET,
        current=current,
        scope="all" if row.scope == "all" else "read",
        filter=row.filter if row.filter is not None else UNSET,
        created_by=row.created_by if row.created_by is not None else UNSET,
        created_from=row.created_address if row.created_address is not None else UNSET,
    )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
