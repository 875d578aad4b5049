"""Filters: what matches, value by value, and what is refused with which words."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from podium.cache.filter import parse_filter
from podium.cache.filter_parser import MAX_DEPTH, MAX_LENGTH, MAX_SEARCHES, MAX_TERMS
from podium.errors import FilterSyntax


class Memory(msgspec.Struct, frozen=True):
    size: int


class Machine(msgspec.Struct, frozen=True, kw_only=True, rename={"pool": "$pool", "cpus": "CPUs"}):
    name: str
    pool: str
    cpus: dict[str, int]
    memory: Memory
    tags: tuple[str, ...] = ()
    parent: str | UnsetType = UNSET
    start: int | None = None
    empty: str = ""
    on: bool = True


MACHINE = Machine(
    name="Web 1",
    pool="p-1",
    cpus={"number": 4},
    memory=Memory(size=4096),
    tags=("prod", "Debian 12"),
)


def matches(text: str, value: object = MACHINE) -> bool:
    return parse_filter(text).matches(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \t",
        "web",
        "WEB 1",
        '"web 1"',
        "debian",
        "name:web",
        " name : web ",
        '"name":web',
        "$pool:p-1",
        "CPUs:number:4",
        "4",
        "memory:size:4096",
        "memory:size:>4095",
        "memory:size:>=4096",
        "memory:size:<1e4",
        "memory:size:<=0x1000",
        "memory:(size:>1 size:<9999)",
        "name?",
        "tags?",
        "on?",
        "!empty?",
        "!start?",
        "!parent?",
        "!nosuch?",
        "tags:prod",
        "tags:pro",
        "tags:length:2",
        "tags:0:prod",
        "name:length:5",
        "name:|(db web)",
        "|(name:db tags:prod)",
        "!(name:web tags:test)",
        "!!name:web",
        "name:!db",
        "nosuch:!x",
        "start:>=0",
        "!parent:>=0",
        "on:>=1",
        "name:w*1",
        "name:*eb*",
        "*",
        "name:/^Web 1$/",
        "name:/^web/i",
        "tags:/^debian \\d+$/i",
        "tags:=prod",
        'tags:="Debian 12"',
        'name:="Web 1"',
        "CPUs:number:=4",
        "CPUs:number:=4.0",
        "on:=true",
        "tags:!=test",
        "tags:|(=test =prod)",
    ],
)
def test_matches(text: str) -> None:
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "name",  # names of properties are not searched
        "name:4096",
        "nosuch:x",
        "nosuch:deeper:x",
        "parent:x",
        "start:>0",
        "nosuch:>=0",
        "name:>1",  # no number
        "empty?",
        "nosuch?",
        "constructor?",  # of every object in JavaScript
        'CPUs:number:"4"',  # the text, not the number
        "name:/web/",
        "name:/^Web$/",
        "tags:=pro",
        "tags:=Prod",
        "name:=Web",
        'CPUs:number:="4"',
        "CPUs:number:=40",
        "on:=1",
        "on:1",
        "memory:=4096",
        "name:w*2",
    ],
)
def test_does_not_match(text: str) -> None:
    assert not matches(text)


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ({"a": "12"}, "a:>11", True),
        ({"a": " 0x10 "}, "a:=16", False),
        ({"a": " 0x10 "}, "a:>=16", True),
        ({"a": ""}, "a:<=0", True),
        ({"a": []}, "a:<=0", True),
        ({"a": ["7"]}, "a:>6", True),
        ({"a": [1, 2]}, "a:>0", False),
        ({"a": {}}, "a:>0", False),
        ({"a": {}}, "a?", True),
        ({"a": 0.0}, "a?", False),
        ({"a": float("nan")}, "a?", False),
        ({"a": "Infinity"}, "a:>1e300", True),
        ({"a": "1_000"}, "a:>0", False),
        ({"a": "nan"}, "a:>0", False),
        ({"a": "32"}, "32", True),
        ({"a": 32.0}, "32", True),
        ({"a": [[{"b": 32}]]}, "32", True),
        ({"a": True}, "1", False),
        ({"a": "line\nbreak"}, "l*k", False),
        ({"a": "line\nbreak"}, "b*k", True),
        ({"a": 'say "hi" \\'}, r'"\"hi\" \\"', True),
        ({"å": "ÄÖ"}, "å:äö", True),
        ({"a": "\U0001f600x"}, "a:length:3", True),  # as UTF-16 counts
        (None, "", True),
        (None, "a", False),
        (None, "!a:b", True),
        ("text", "tex", True),
        (7, "7", True),
    ],
)
def test_values_read_as_in_javascript(value: Any, text: str, expected: bool) -> None:
    assert matches(text, value) is expected


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("name:", 5, "expected a term after 'name:'"),
        ("(a b", 4, "the group at 0 is not closed"),
        ("a b)", 3, "expected end of input"),
        ("()", 1, "a term in the group"),
        ("|a", 1, "'(' after '|'"),
        ("a || b", 3, "'(' after '|'"),
        ("a && b", 2, "joined by and"),
        ("memory:size:>abc", 13, "value must be a number"),
        ("memory:size:>", 13, "a number directly after '>'"),
        ("memory:size:> 4", 13, "no space"),
        ("a:=", 3, "a value directly after '='"),
        ("fe80::1", 5, "double quotes"),
        ('name:"web', 5, "not closed"),
        ("name:/web", 5, "not closed"),
        ("name:/(web/", 6, "this group is not closed"),
        ("name:/a**/", 8, "nothing to repeat"),
        ("name:/(a|b)*c(a|b){200}/", 6, "too costly"),
        ("a and b", 2, "and is no operator"),
        ("(a or b)", 3, "write |(a b)"),
        ("power_state:Running AND tags:x", 20, "AND is no operator"),
        ("not tags:x", 0, "write !a"),
        ("a not b", 2, "write !a"),
    ],
)
def test_refusals_say_where_and_what(text: str, position: int, words: str) -> None:
    with pytest.raises(FilterSyntax) as caught:
        parse_filter(text)
    assert caught.value.position == position
    assert words in str(caught.value)
    assert caught.value.members()["data"] == {"stringToParse": text, "position": position}


@pytest.mark.parametrize(
    "text", ["and", "a and", "and b", "not", "not found", 'a "and" b', "name:and x", "a name:or b", "a android b"]
)
def test_words_that_are_no_operators_stay_searches(text: str) -> None:
    parse_filter(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "!" * 50_000,
        "a:" * 30_000 + "b",
        "|(" * 30_000,
        "(" * (MAX_DEPTH + 2) + "a" + ")" * (MAX_DEPTH + 2),
        "x:a " * (MAX_TERMS + 1),
        "a" * (MAX_LENGTH + 1),
        "a " * (MAX_SEARCHES + 1),
        "|(" + "a*b " * (MAX_SEARCHES + 1) + ")",
        "name:|(" + "/a/ " * (MAX_SEARCHES + 1) + ")",
    ],
)
def test_size_is_bounded(text: str) -> None:
    with pytest.raises(FilterSyntax):
        parse_filter(text)


def test_a_filter_as_large_as_allowed_parses() -> None:
    ids = " ".join(f"id:{number:032x}" for number in range(MAX_TERMS // 2 - 1))
    assert not matches(f"|({ids})")
    assert not matches(f"id:|({'a*b c ' * (MAX_TERMS // 2 - 2)})")
    assert not matches("nothing " * MAX_SEARCHES)
    assert matches("(" * MAX_DEPTH + "web" + ")" * MAX_DEPTH)


@pytest.mark.parametrize("text", ["web", "tags:prod web", "32", "nothing", "WEB prod", "ﬁ", "1e3"])
def test_the_short_cut_by_bytes_never_contradicts(text: str) -> None:
    parsed = parse_filter(text)
    for value in ({"a": "Web 32", "tags": ["prod"]}, {"web": "x"}, {"a": 32}, {"a": "K"}, {"a": "ﬁ web"}, {"a": 1000}):
        if parsed.excludes(msgspec.json.encode(value)):
            assert not parsed.matches(value)
    assert parse_filter("web").excludes(b'{"a":"db"}')


def test_parsed_filters_are_remembered() -> None:
    assert parse_filter("name:web") is parse_filter("name:web")


def test_a_clause_costs_little() -> None:
    """Ten thousand objects; the budgets are several times what an idle machine needs."""
    many = [msgspec.structs.replace(MACHINE, name=f"vm-{number:05}") for number in range(10_000)]
    for text, budget in (
        ("name:vm-0012", 0.05),
        ("tags:=prod", 0.05),
        ("memory:size:>1e9", 0.05),
        ("name:/^vm-0012/", 0.05),
        ("name:vm-00012 tags:debian CPUs:number:>2", 0.05),
        ("debian", 0.3),
    ):
        test = parse_filter(text).matches
        assert min(cost(test, many) for _ in range(3)) < budget, text


def cost(test: Callable[[object], bool], values: list[Machine]) -> float:
    began = time.process_time()
    sum(map(test, values))
    return time.process_time() - began
