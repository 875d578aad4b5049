"""How a value of ours reads to a client that thinks in JavaScript: properties, truth, numbers, nested values."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from functools import cache
from math import inf, nan
from operator import attrgetter, methodcaller
from typing import Final, cast

import msgspec
from msgspec import UNSET, UnsetType

Reader = Callable[[object], object]

_NUMBER: Final = re.compile(r"[+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_RADIX: Final = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
WHITESPACE: Final = (
    "\t\n\v\f\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What `\\s` and `trim()` mean in JavaScript."""


class Composite:
    """An object that is made of others, and says itself how its members are read."""

    __slots__ = ()

    @classmethod
    def reader(cls, name: str) -> Reader | None:
        """As `Readers` gives it."""
        raise NotImplementedError

    def inside(self) -> Iterable[object]:
        """As `children` gives it."""
        raise NotImplementedError


@cache
def attributes(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """JSON name -> attribute of a Struct type."""
    return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))


class Readers(dict[type, Reader | None]):
    """`readers[type(value)](value)` is `value[name]`, UNSET where JavaScript has undefined; None: it would throw there.

    A dict that fills itself, for the common case must cost one subscript.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __missing__(self, kind: type) -> Reader | None:
        reader = self[kind] = self._make(kind)
        return reader

    def _make(self, kind: type) -> Reader | None:
        name = self.name
        if kind is type(None) or kind is UnsetType:
            return None
        if issubclass(kind, Composite):
            return kind.reader(name)
        if issubclass(kind, msgspec.Struct):
            attribute = attributes(kind).get(name)
            return _undefined if attribute is None else attrgetter(attribute)
        if issubclass(kind, dict):
            return methodcaller("get", name, UNSET)
        if issubclass(kind, list | tuple | str):
            if name == "length":
                return _utf16_length if issubclass(kind, str) else _length
            if is_index(name):
                return _item(int(name))
        return _undefined


def get(value: object, name: str) -> object:
    """`value?.[name]`, once; a loop keeps its own Readers."""
    reader = Readers(name)[type(value)]
    return UNSET if reader is None else reader(value)


def is_index(name: str) -> bool:
    """Whether JavaScript takes `name` for a position in an array."""
    return name.isascii() and name.isdigit() and len(name) < 10 and (name == "0" or name[0] != "0")


def truthy(value: object) -> bool:
    """JavaScript's `!!value`: empty arrays and objects are true."""
    if isinstance(value, int | float | str):
        return bool(value) and value == value  # noqa: PLR0124  NaN is not itself, and false
    return value is not None and value is not UNSET


def number(value: object) -> float | int:
    """JavaScript's conversion to a number before `<` and `>`; NaN where there is none."""
    if isinstance(value, int | float):
        return value
    if value is None:
        return 0
    if isinstance(value, str):
        return number_of(value)
    if isinstance(value, list | tuple):
        return number_of(_joined(value))
    return nan


def number_of(text: str) -> float | int:
    """JavaScript's `Number(text)`."""
    text = text.strip(WHITESPACE)
    if not text:
        return 0
    if _NUMBER.fullmatch(text):
        if "Infinity" in text:
            return -inf if text[0] == "-" else inf
        return float(text)
    if _RADIX.fullmatch(text):
        digits = int(text, 0)
        return digits if digits.bit_length() <= 1024 else inf
    return nan


class _Children(dict[type, Callable[[object], Iterable[object]] | None]):
    """`children[type(value)](value)` are the values directly inside; None: nothing can be inside."""

    def __missing__(self, kind: type) -> Callable[[object], Iterable[object]] | None:
        reader = self[kind] = self._make(kind)
        return reader

    def _make(self, kind: type) -> Callable[[object], Iterable[object]] | None:
        if issubclass(kind, msgspec.Struct):
            names = kind.__struct_fields__
            if len(names) > 1:
                return attrgetter(*names)
            return lambda value: [getattr(value, name) for name in names]
        if issubclass(kind, Composite):
            return methodcaller("inside")
        if issubclass(kind, dict):
            return methodcaller("values")
        return _itself if issubclass(kind, list | tuple) else None


children: Final = _Children()


def _undefined(_: object) -> object:
    return UNSET


def _length(value: object) -> object:
    return len(cast("Sized", value))


def _utf16_length(value: object) -> object:
    text = cast("str", value)
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _item(index: int) -> Reader:
    def item(value: object) -> object:
        values = cast("Sequence[object]", value)
        return values[index] if index < len(values) else UNSET

    return item


def _itself(value: object) -> Iterable[object]:
    return cast("Sequence[object]", value)


def _joined(values: Iterable[object]) -> str:
    """`values.join()`, enough of it for a conversion to a number."""
    parts = []
    for value in values:
        if value is None or value is UNSET:
            parts.append("")
        elif isinstance(value, list | tuple):
            parts.append(_joined(value))
        elif isinstance(value, bool):
            parts.append("true" if value else "false")
        else:
            parts.append(value if isinstance(value, str) else str(value) if isinstance(value, int | float) else "?")
    return ",".join(parts)
