"""Selectors: many filters as one question, whether any of them matches.

Most name an id, a pool or a tag: those are looked up together, the others are asked one by one.
"""

from collections.abc import Callable, Iterable
from typing import Final

from podium.cache.filter import parse_filter
from podium.cache.filter_parser import Exact, Property, Text
from podium.cache.values import Readers

Predicate = Callable[[object], bool]

_UUID: Final = 36


class Selectors:
    """`everything`: one of them selects any object. Without any, nothing is selected."""

    __slots__ = ("_looked_up", "_others", "everything", "none")

    def __init__(self, selectors: Iterable[str]) -> None:
        found = sorted(set(selectors))
        self.everything = "" in found
        self.none = not found
        by_name: dict[str, list[tuple[str, bool, Predicate]]] = {}
        self._others: list[Predicate] = []
        for text in found:
            selected = parse_filter(text)
            simple = _simple(selected.node.terms)
            if simple is None:
                self._others.append(selected.matches)
            else:
                name, value, exact = simple
                by_name.setdefault(name, []).append((value, exact, selected.matches))
        self._looked_up = [_KINDS[name](name, terms) for name, terms in by_name.items()]

    def match(self, obj: object) -> bool:
        """Whether any of them matches."""
        if self.everything:
            return True
        for names in self._looked_up:
            if names(obj):
                return True
        for matches in self._others:  # noqa: SIM110  a generator would cost as much as the terms
            if matches(obj):
                return True
        return False


def _simple(terms: tuple[object, ...]) -> tuple[str, str, bool] | None:
    """(property, text, whether it must be equal) of a selector that is no more than that."""
    if len(terms) == 1 and isinstance(terms[0], Property) and terms[0].name in _KINDS:
        term = terms[0].term
        if isinstance(term, Text) and term.number is None:
            return terms[0].name, term.text.lower(), False
        if isinstance(term, Exact) and not _odd(term):
            return terms[0].name, term.text, True
    return None


def _odd(term: Exact) -> bool:
    """May be equal to something that is no text."""
    return term.bare and (
        term.text in ("true", "false") or (term.text[:1] in "-0123456789" and len(term.text) != _UUID)
    )


def _one(name: str, terms: list[tuple[str, bool, Predicate]]) -> Predicate:
    """For a property that is one text, most often a uuid: then to be part of it is to be equal to it."""
    readers = Readers(name)
    exact = frozenset(text for text, same, _ in terms if same)
    parts = tuple(text for text, same, _ in terms if not same)
    whole = frozenset(text for text in parts if len(text) == _UUID)
    short = tuple(text for text in parts if len(text) < _UUID)
    every = [matches for *_, matches in terms]

    def matches(obj: object) -> bool:
        read = readers[type(obj)]
        value = None if read is None else read(obj)
        if type(value) is not str:
            return any(one(obj) for one in every)
        if value in exact:
            return True
        lower = value.lower()
        return lower in whole or any(part in lower for part in (short if len(lower) == _UUID else parts))

    return matches


def _several(name: str, terms: list[tuple[str, bool, Predicate]]) -> Predicate:
    """For a property that is a list of texts: tags."""
    readers = Readers(name)
    exact = frozenset(text for text, same, _ in terms if same)
    parts = tuple(text for text, same, _ in terms if not same)
    every = [matches for *_, matches in terms]

    def matches(obj: object) -> bool:
        read = readers[type(obj)]
        values = None if read is None else read(obj)
        if type(values) is not tuple:
            return any(one(obj) for one in every)
        for value in values:
            if value in exact:
                return True
            if parts:
                lower = value.lower()
                if any(part in lower for part in parts):
                    return True
        return False

    return matches


_KINDS: Final[dict[str, Callable[[str, list[tuple[str, bool, Predicate]]], Predicate]]] = {
    "id": _one,
    "uuid": _one,
    "$pool": _one,
    "tags": _several,
}
