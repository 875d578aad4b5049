"""Filter: a predicate over objects, parsed once and compiled to closures."""

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, TypeVar

from podium.cache.filter_columns import Columns
from podium.cache.filter_parser import (
    And,
    Compare,
    Exact,
    Glob,
    Node,
    Not,
    Or,
    Property,
    Regex,
    Text,
    Truthy,
    parse,
    searches,
)
from podium.cache.values import Readers, children, number, truthy

T = TypeVar("T")
Predicate = Callable[[object], bool]

_CACHED_LENGTH: Final = 4_096
_LINE_END: Final = re.compile("[\n\r\u2028\u2029]")
_MAX_SAFE_INTEGER: Final = 2**53


class Filter:
    """What a `filter` parameter selects. Objects are Structs by their JSON names, or plain JSON values."""

    __slots__ = ("_columns", "_needles", "matches", "node", "searches", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.node = parse(text)
        self.searches = searches(self.node)
        """How many of its terms cost much more than the others."""
        terms = tuple(map(_predicate, self.node.terms))
        self.matches: Predicate = _all(terms)
        self._columns = Columns(self.node.terms, terms)
        self._needles = tuple(filter(None, map(_needle, self.node.terms)))

    def select(self, items: Sequence[T], objects: Sequence[object]) -> Sequence[T]:
        """The `items` whose object, at the same place in `objects`, matches."""
        return self._columns.select(items, objects)

    @property
    def has_needles(self) -> bool:
        """Whether `excludes` can ever exclude anything."""
        return bool(self._needles)

    def excludes(self, body: bytes) -> bool:
        """Whether an object with this JSON surely does not match: a bare word can only match what is written in it.

        Much cheaper than looking at every value of an object, which is what a bare word asks for.
        """
        if not self._needles or not body.isascii():
            return False
        lower = body.lower()
        return any(needle not in lower for needle in self._needles)

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"


def parse_filter(text: str) -> Filter:
    """The filter written in Xen Orchestra's language (ANCHOR 2.2). Raises FilterSyntax."""
    return _remembered(text) if len(text) <= _CACHED_LENGTH else Filter(text)


@lru_cache(maxsize=256)
def _remembered(text: str) -> Filter:
    return Filter(text)


def _predicate(node: Node) -> Predicate:
    match node:
        case And(terms):
            return _all(tuple(map(_predicate, terms)))
        case Or(terms):
            return _any(tuple(map(_predicate, terms)))
        case Not(term):
            return _not(_predicate(term))
        case Property(name, term):
            needle = term.text.lower() if isinstance(term, Text) and term.number is None else None
            return _property(name, _predicate(term), needle)
        case Truthy(name):
            return _property(name, truthy)
    return _value(node)


def _value(node: Text | Glob | Regex | Compare | Exact) -> Predicate:
    match node:
        case Text(text, wanted):
            return _string(_contains(text)) if wanted is None else _text_or_number(text, wanted)
        case Glob(text):
            return _string(_glob(text))
        case Regex(test):
            return _string(test)
        case Compare(operator, wanted):
            return _compare(operator, wanted)
        case Exact(text, bare):
            return _exact(text, bare=bare)


def _all(terms: tuple[Predicate, ...]) -> Predicate:
    if len(terms) == 1:
        return terms[0]
    if len(terms) == 2:
        first, second = terms
        return lambda value: first(value) and second(value)

    def matches(value: object) -> bool:
        for term in terms:  # noqa: SIM110  a generator would cost as much as the terms
            if not term(value):
                return False
        return True

    return matches


def _any(terms: tuple[Predicate, ...]) -> Predicate:
    if len(terms) == 1:
        return terms[0]

    def matches(value: object) -> bool:
        for term in terms:  # noqa: SIM110
            if term(value):
                return True
        return False

    return matches


def _not(term: Predicate) -> Predicate:
    return lambda value: not term(value)


def _property(name: str, term: Predicate, needle: str | None = None) -> Predicate:
    """`needle`: the term is a search for it, done here for a string, which saves two calls a row."""
    readers = Readers(name)
    if needle is not None:

        def contains(value: object) -> bool:
            read = readers[type(value)]
            if read is None:
                return False
            found = read(value)
            return needle in found.lower() if type(found) is str else term(found)

        return contains

    def matches(value: object) -> bool:
        read = readers[type(value)]
        return read is not None and term(read(value))

    return matches


def _string(test: Callable[[str], bool]) -> Predicate:
    """`test` on a string, or on any string at any depth inside an array or object."""

    def matches(value: object) -> bool:
        if isinstance(value, str):
            return test(value)
        inside = children[type(value)]
        if inside is None:
            return False
        for child in inside(value):
            if isinstance(child, str):
                if test(child):
                    return True
            elif children[type(child)] is not None and matches(child):
                return True
        return False

    return matches


def _text_or_number(text: str, wanted: float) -> Predicate:
    contains = _contains(text)

    def matches(value: object) -> bool:
        if isinstance(value, str):
            return contains(value)
        if isinstance(value, int | float):
            return value == wanted and not isinstance(value, bool)
        inside = children[type(value)]
        return inside is not None and any(map(matches, inside(value)))

    return matches


def _contains(text: str) -> Callable[[str], bool]:
    needle = text.lower()
    return lambda value: needle in value.lower()


def _glob(text: str) -> Callable[[str], bool]:
    """`*` is any run of characters within one line; anchored nowhere."""
    parts = [part for part in text.lower().split("*") if part]

    def in_line(line: str) -> bool:
        at = 0
        for part in parts:
            found = line.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        return True

    def matches(value: str) -> bool:
        lower = value.lower()
        return in_line(lower) and (_LINE_END.search(lower) is None or any(map(in_line, _LINE_END.split(lower))))

    return matches


def _compare(operator: str, wanted: float) -> Predicate:
    # a call saved for each row: most values are integers
    match operator:
        case ">":
            return lambda value: (value if type(value) is int else number(value)) > wanted
        case ">=":
            return lambda value: (value if type(value) is int else number(value)) >= wanted
        case "<":
            return lambda value: (value if type(value) is int else number(value)) < wanted
    return lambda value: (value if type(value) is int else number(value)) <= wanted


def _exact(text: str, *, bare: bool) -> Predicate:
    wanted: list[object] = []
    if bare:
        wanted = [{"true": True, "false": False}[text]] if text in ("true", "false") else _numbers(text)

    def equals(value: object) -> bool:
        if isinstance(value, str):
            return value == text
        return any(value == one and isinstance(value, bool) is isinstance(one, bool) for one in wanted)

    def matches(value: object) -> bool:
        if isinstance(value, list | tuple):
            return text in value or any(map(equals, value)) if wanted else text in value
        return equals(value)

    return matches


def _numbers(text: str) -> list[object]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return [found] if isinstance(found, int | float) else []


def _needle(term: Node) -> bytes | None:
    """What the JSON of any match must hold, in lower case; None: nothing can be said."""
    if not isinstance(term, Text) or not term.text.isascii() or re.search(r'["\\\x00-\x1f\x7f]', term.text):
        return None
    if term.number is not None and not (term.text == str(int_of(term.number)) and abs(term.number) < _MAX_SAFE_INTEGER):
        return None
    return term.text.lower().encode()


def int_of(value: float) -> int | None:
    """`value` as an int if it is one."""
    return int(value) if value == value and abs(value) < _MAX_SAFE_INTEGER and value == int(value) else None  # noqa: PLR0124
