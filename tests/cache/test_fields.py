"""Fields: lodash's pick over Structs."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from podium.cache.fields import Fields, parse_fields
from podium.errors import InvalidParameters


class Memory(msgspec.Struct, frozen=True):
    size: int
    dynamic: tuple[int, int]
    usage: int | UnsetType = UNSET


class Machine(msgspec.Struct, frozen=True, rename={"pool": "$pool"}):
    name: str
    pool: str
    memory: Memory
    other: dict[str, str]
    tags: tuple[str, ...] = ("x", "y")
    version: dict[str, str] | None = None
    parent: str | UnsetType = UNSET


MACHINE = Machine("web", "p", Memory(4, (1, 2)), {"xo:notes": "n", "a.b": "dotted"})


def pick(text: str, value: Any = MACHINE) -> Any:
    fields = parse_fields(text)
    assert fields is not None
    return msgspec.json.decode(msgspec.json.encode(fields.pick(value)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name", {"name": "web"}),
        ("$pool,name", {"$pool": "p", "name": "web"}),
        (" name , $pool,,", {"name": "web", "$pool": "p"}),
        ("nosuch", {}),
        ("pool", {}),  # names are those of the JSON
        ("parent", {}),
        ("version", {"version": None}),
        ("version.distro", {}),
        ("memory.size", {"memory": {"size": 4}}),
        ("memory.size,name,memory.dynamic", {"memory": {"size": 4, "dynamic": [1, 2]}, "name": "web"}),
        ("memory.usage", {}),
        ("memory.nosuch.deeper,name", {"name": "web"}),
        ("memory.size,memory", {"memory": {"size": 4, "dynamic": [1, 2]}}),
        ("memory,memory.size", {"memory": {"size": 4, "dynamic": [1, 2]}}),
        ("other.xo:notes", {"other": {"xo:notes": "n"}}),
        ('other["a.b"]', {"other": {"a.b": "dotted"}}),
        ("tags[1]", {"tags": [None, "y"]}),
        ("tags.0,tags.1", {"tags": ["x", "y"]}),
        ("tags.7", {}),
        ("tags.length", {"tags": {"length": 2}}),
        ("name,name", {"name": "web"}),
        ("*,name", {"name": "web"}),
        ("name.length.x,..,.", {}),
    ],
)
def test_picks(text: str, expected: dict[str, Any]) -> None:
    assert pick(text) == expected


def test_keeps_the_order_asked_for() -> None:
    assert list(pick("tags,name,memory.size,$pool")) == ["tags", "name", "memory", "$pool"]


def test_plain_values_are_picked_from_too() -> None:
    assert pick("a.b,c", {"a": {"b": 1, "x": 2}, "d": 3}) == {"a": {"b": 1}}


def test_nothing_everything_and_too_much() -> None:
    assert parse_fields(None) is None
    assert parse_fields("") is None
    everything = parse_fields("*")
    assert everything is not None
    assert everything.everything
    for text in ("a" * 10_000, ",".join(map(str, range(300))), ".".join("a" * 40)):
        with pytest.raises(InvalidParameters):
            parse_fields(text)


def test_what_was_picked_can_be_changed_without_harm() -> None:
    fields = Fields(("memory.size",))
    fields.pick(MACHINE)["memory"] = 1
    row: Any = fields.pick(MACHINE)
    row["memory"]["size"] = 7
    assert fields.pick(MACHINE) == {"memory": {"size": 4}}


@given(st.text("ab.[]01\"',*$", max_size=20))
def test_any_text_picks_something(text: str) -> None:
    try:
        fields = parse_fields(text)
    except InvalidParameters:
        return
    if fields is not None and not fields.everything:
        msgspec.json.encode(fields.pick({"a": {"b": [1, {"a": 2}], "0": "x"}, "b": [], "$": None}))


@pytest.mark.parametrize(
    "text",
    ["name", "name,$pool", "parent,tags", "memory.size,name", "nothing", "href,name", "name,tags[1]", "id,$pool.x"],
)
def test_rows_of_a_list_are_what_was_picked_and_the_address(text: str) -> None:
    fields = parse_fields(text)
    assert fields is not None
    row = msgspec.json.encode(fields.row_maker(Machine)(MACHINE, "/m/1"))
    assert msgspec.json.decode(row) == {**pick(text), "href": "/m/1"}
    assert list(msgspec.json.decode(row)) == [*pick(text), "href"]
