"""Columns: the commonest filters over many objects at once, with C going down each column instead of a call a row."""

import operator
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, repeat
from typing import Final, TypeVar, cast

from podium.cache.filter_parser import Compare, Node, Property, Text
from podium.cache.values import Readers

T = TypeVar("T")
Predicate = Callable[[object], bool]
Column = Callable[[Sequence[object]], Iterable[bool]]
"""The answer for each value. Raises TypeError, ValueError or AttributeError when one is not of the usual kind."""

_OPERATORS: Final = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


class Columns:
    """What `terms` side by side select. `predicates`: the same terms as functions of one object."""

    def __init__(self, terms: Sequence[Node], predicates: Sequence[Predicate]) -> None:
        self._terms = [(predicate, _column(term)) for term, predicate in zip(terms, predicates, strict=True)]

    def select(self, items: Sequence[T], objects: Sequence[object]) -> Sequence[T]:
        """The `items` whose object, at the same place in `objects`, matches every term."""
        for predicate, column in self._terms:
            if not objects:
                break
            answers = _answers(predicate, column, objects)
            items = list(compress(items, answers))
            objects = list(compress(objects, answers))
        return items


def _answers(predicate: Predicate, column: Column | None, objects: Sequence[object]) -> list[bool]:
    if column is not None:
        try:
            return list(column(objects))
        except (TypeError, ValueError, AttributeError):
            pass  # one is missing, or of another type: each is asked for itself
    return list(map(predicate, objects))


def _column(term: Node) -> Column | None:
    match term:
        case Property(name, inner):
            of_values = _column(inner) if isinstance(inner, Property) else _leaf(inner)
            return None if of_values is None else _of_property(name, of_values)
    return None


def _leaf(term: Node) -> Column | None:
    match term:
        case Text(text, None):
            needle = text.lower()
            return lambda values: map(operator.contains, map(str.lower, cast("Sequence[str]", values)), repeat(needle))
        case Compare(sign, wanted):
            compare = _OPERATORS[sign]
            return lambda values: map(compare, cast("Sequence[float]", values), repeat(wanted))
    return None


def _of_property(name: str, of_values: Column) -> Column:
    readers = Readers(name)

    def column(objects: Sequence[object]) -> Iterable[bool]:
        (kind,) = set(map(type, objects))
        read = readers[kind]
        if read is None:
            raise TypeError(kind)
        return of_values(list(map(read, objects)))

    return column
