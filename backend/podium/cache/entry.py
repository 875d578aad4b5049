"""Entry: one object in the cache, encoded once."""

import re
from urllib.parse import quote

import msgspec

from podium.model.base import Resource, XoObject

_encoder = msgspec.json.Encoder()
_HREF_AT = len('{"href":"')
_PLAIN = re.compile(r"[A-Za-z0-9:._-]*").fullmatch


class Entry(msgspec.Struct, gc=False, weakref=False, eq=False):
    """One object at one revision; never changed, only replaced.

    `body` is its compact JSON in list form, with `href` first: `{"href":"/rest/v0/vms/<id>","id":...}`. Lists join
    these bytes; single reads and frames cut the href off. Entries read back from the database decode their object
    only when somebody needs its fields.
    """

    resource: Resource
    id: str
    pool: str | None
    body: bytes
    revision: int
    decoded: XoObject | None = None

    @classmethod
    def of(cls, resource: Resource, shown: XoObject, revision: int, pool: str | None = None) -> "Entry":
        """Encode an object. `pool`: whose connection shows it; None for what is ours, also where it is about a pool."""
        body = _href(resource, shown.id) + _encoder.encode(shown)[1:]
        return cls(resource, shown.id, pool, body, revision, shown)

    @property
    def object(self) -> XoObject:
        """The object itself."""
        if self.decoded is None:
            self.decoded = msgspec.json.decode(self.plain, type=self.resource.struct)
        return self.decoded

    @property
    def plain(self) -> bytes:
        """The compact JSON without href: what a single read answers."""
        return b"{" + self.members

    @property
    def members(self) -> bytes:
        """The inside of `plain`, for frames that put members of their own first: `"id":...}`."""
        body = self.body
        return body[body.index(b'"', _HREF_AT) + 2 :]

    @property
    def href(self) -> str:
        body = self.body
        return body[_HREF_AT : body.index(b'"', _HREF_AT)].decode()

    @property
    def href_json(self) -> bytes:
        """The address as a JSON string. It holds no quotes: what is odd in an id is percent-encoded."""
        body = self.body
        return body[_HREF_AT - 1 : body.index(b'"', _HREF_AT) + 1]

    def __repr__(self) -> str:
        return f"Entry({self.resource.type} {self.id} @{self.revision})"


def _href(resource: Resource, object_id: str) -> bytes:
    """`{"href":"/rest/v0/<collection>/<id>",`."""
    return b'{"href":"/rest/v0/%b/%b",' % (resource.collection.encode(), _segment(object_id).encode())


def _segment(object_id: str) -> str:
    """An id in a path. Ids are uuids or OpaqueRefs, but a pool that lies may call its objects anything."""
    return object_id if _PLAIN(object_id) else quote(object_id, safe=":", errors="replace")
