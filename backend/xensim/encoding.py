"""Results on their way out: plain values in JSON, and results that are kept encoded."""

import json
from typing import Protocol, runtime_checkable

import msgspec

from xensim.schema import Type

encode = msgspec.json.Encoder().encode


@runtime_checkable
class Encoded(Protocol):
    """A result that knows how to write itself, because that is faster than encoding its values again."""

    def json(self) -> list[bytes]:
        """In pieces, so that a reply of a hundred megabytes is put together once."""
        ...

    def xml(self) -> str: ...


def to_json(value: object, type_: Type) -> list[bytes]:
    """A result in JSON, in pieces; void is an empty string."""
    if isinstance(value, Encoded):
        return value.json()
    if value is None and type_.kind == "void":
        return [b'""']
    if _has_floats(type_):
        # XAPI writes Infinity and NaN bare, which only the standard library does; msgspec makes them null.
        return [json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()]
    return [encode(value)]


def _has_floats(type_: Type) -> bool:
    if type_.kind in ("set", "map", "option"):
        return type_.item is not None and _has_floats(type_.item)
    return type_.kind == "float" or type_.name == "data_source"
