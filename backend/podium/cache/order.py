"""Order: how a client wants rows sorted; never an error for what is in them, and the same order every time."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final, Protocol, TypeVar

from msgspec import UNSET

from podium.cache.fields import parse_path
from podium.cache.values import Readers
from podium.errors import InvalidParameters

MAX_KEYS: Final = 8
MAX_LENGTH: Final = 1_024

_DIGITS: Final = re.compile(r"[0-9]+")
_ORDERING_LENGTH: Final = 300
"""Letters beyond this do not order."""

Key = tuple[object, ...]


class Sortable(Protocol):
    """What is sorted: something with an id and an object."""

    @property
    def id(self) -> str: ...

    @property
    def object(self) -> object: ...


S = TypeVar("S", bound=Sortable)


class Order:
    """Sort keys, the first one counting most.

    Numbers before texts, texts as people read them (vm-2 before vm-10, case apart), what an object lacks last in
    either direction, ties by id.
    """

    __slots__ = ("_keys", "text")

    def __init__(self, text: str, keys: Sequence[tuple[tuple[str, ...], bool]]) -> None:
        self.text = text
        self._keys = [(_value(path), descending) for path, descending in keys]

    def sorted(self, entries: Iterable[S]) -> list[S]:
        """The entries in this order."""
        rows = sorted(entries, key=lambda entry: entry.id)
        for value, descending in reversed(self._keys):
            present: list[tuple[Key, S]] = []
            missing: list[S] = []
            for entry in rows:
                found = value(entry.object)
                if found is None or found is UNSET:
                    missing.append(entry)
                else:
                    present.append((sort_key(found), entry))
            present.sort(key=_first, reverse=descending)  # stable in both directions
            rows = [entry for _, entry in present]
            rows += missing
        return rows


def parse_sort(text: str) -> Order:
    """The order of a `sort` parameter: `-memory.size,name_label`. Raises InvalidParameters."""
    if len(text) > MAX_LENGTH:
        raise InvalidParameters(f"sort: at most {MAX_LENGTH} characters")
    return _remembered(text)


def sort_key(value: object) -> Key:
    """Something that compares with any other such key."""
    if isinstance(value, bool):
        return 0, int(value)
    if isinstance(value, int | float):
        return (1, value) if value == value else (4, 0)  # noqa: PLR0124  NaN
    if isinstance(value, str):
        return 2, _natural(value), value
    if isinstance(value, list | tuple):
        return 3, tuple(sort_key(one) for one in value[:32] if one is not None)
    return 4, 0


@lru_cache(maxsize=256)
def _remembered(text: str) -> Order:
    keys = []
    for part in text.split(","):
        name = part.strip()
        if not name:
            continue
        path = parse_path(name.lstrip("+-"))
        if not path or name[1:2] in ("+", "-"):
            raise InvalidParameters(f"sort: {name[:100]!r} names no field; write sort=-memory.size,name_label")
        keys.append((path, name[0] == "-"))
    if len(keys) > MAX_KEYS:
        raise InvalidParameters(f"sort: at most {MAX_KEYS} fields")
    return Order(text, keys)


def _value(path: tuple[str, ...]) -> Callable[[object], object]:
    steps = [Readers(step) for step in path]

    def value(obj: object) -> object:
        found = obj
        for readers in steps:
            read = readers[type(found)]
            if read is None:
                return None
            found = read(found)
        return found

    return value


def _natural(text: str) -> str:
    """A text that sorts as people read `text`: of two numbers the one with more digits is greater."""
    return _DIGITS.sub(_number, text[:_ORDERING_LENGTH].casefold())


def _number(digits: re.Match[str]) -> str:
    plain = digits[0].lstrip("0")
    return f"\0{chr(len(plain))}{plain}"


def _first(pair: tuple[Key, object]) -> Key:
    return pair[0]
