"""Order: as people read, stable, never an error."""

from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.cache.order import parse_sort, sort_key
from podium.errors import InvalidParameters


class Row(NamedTuple):
    id: str
    object: object


def ids(sort: str, *objects: Any) -> str:
    rows = [Row(chr(97 + place), value) for place, value in enumerate(objects)]
    return "".join(row.id for row in parse_sort(sort).sorted(reversed(rows)))


def names(*values: Any) -> list[dict[str, Any]]:
    return [{"n": value} for value in values]


def test_numbers_within_texts_count_as_numbers() -> None:
    assert ids("n", *names("vm-10", "vm-9", "vm-2", "vm")) == "dcba"
    assert ids("n", *names("b", "A", "a1", "10", "9")) == "edbca"
    assert ids("n", *names("1" * 5_000, "2")) == "ba"


def test_ties_go_by_id_in_both_directions() -> None:
    assert ids("n", *names(1, 1, 0)) == "cab"
    assert ids("-n", *names(1, 1, 0)) == "abc"


def test_what_is_missing_comes_last_in_both_directions() -> None:
    rows = [{"n": None}, {"n": 2}, {}, {"n": 1}]
    assert ids("n", *rows) == "dbac"
    assert ids("-n", *rows) == "bdac"
    assert ids("nosuch", *rows) == "abcd"
    assert ids("-n.deeper.x", *rows) == "abcd"


def test_the_first_key_counts_most() -> None:
    rows = [{"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"c": 2}}, {"a": 0, "b": {"c": 3}}]
    assert ids("a,-b.c", *rows) == "cba"
    assert ids("-a,b.c", *rows) == "abc"


def test_kinds_of_values_do_not_meet() -> None:
    assert ids("n", *names([1], "x", 1.5, True, {"y": 1}, 1, "10")) == "dfcgbae"


@pytest.mark.parametrize("text", ["-", "--a", "a,+", "+-a", ",".join("abcdefghi"), "a" * 2_000])
def test_refuses(text: str) -> None:
    with pytest.raises(InvalidParameters):
        parse_sort(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.text("a1", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=1), inner, max_size=2),
    max_leaves=5,
)


@given(st.lists(values, max_size=12), st.sampled_from(["n", "-n", "n,m", "-n.a,m", "n[0]"]))
def test_any_values_sort_the_same_way_from_any_beginning(found: list[Any], sort: str) -> None:
    rows = [Row(f"{place:03}", {"n": value, "m": place}) for place, value in enumerate(found)]
    order = parse_sort(sort)
    once = order.sorted(rows)
    assert once == order.sorted(reversed(rows)) == order.sorted(once)
    assert sorted(once) == sorted(rows) if all(isinstance(value, int) for value in found) else len(once) == len(rows)


@given(st.lists(st.text("aB01 ", max_size=6), max_size=6))
def test_keys_order_totally(texts: list[str]) -> None:
    keys = sorted(map(sort_key, texts))
    assert all(a <= b for a, b in pairwise(keys))
