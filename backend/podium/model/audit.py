"""A record of the audit log as clients see it. It is no object of the cache: it is read from the database."""

from typing import Any, Final

import msgspec

from podium.model.base import Maybe, Resource, XoObject

FIRST: Final = "nullId"
"""What stands before the first record, in Xen Orchestra's word."""


class AuditSubject(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"user_id": "userId", "user_name": "userName", "user_ip": "userIp", "token_id": "tokenId"},
    omit_defaults=True,
):
    """Who did it, and from where. `token_id` names a login (its JWT's `jti`): knowing it gives nobody access."""

    user_id: str | Maybe = msgspec.UNSET
    user_name: str | Maybe = msgspec.UNSET
    user_ip: str | Maybe = msgspec.UNSET
    token_id: str | Maybe = msgspec.UNSET


class AuditRecord(XoObject, frozen=True, kw_only=True, gc=False, rename={"previous_id": "previousId"}):
    """`id` is the SHA-256 of all the rest as canonical JSON (docs/api.md), `time` in milliseconds.

    `previous_id` is the id of the record before, so that no record can be changed, left out or moved unseen.
    """

    previous_id: str
    time: int
    event: str
    subject: AuditSubject
    data: dict[str, Any]


RESOURCE: Final = Resource(
    struct=AuditRecord, type="audit-record", collection="audit", privilege="audit", title="audit record"
)
