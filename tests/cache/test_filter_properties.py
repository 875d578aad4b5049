"""Filters under arbitrary texts and values: an answer or FilterSyntax, soon."""

import time
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from podium.cache.filter import Filter, parse_filter
from podium.errors import FilterSyntax


class Inner(msgspec.Struct, frozen=True):
    number: int
    text: str | msgspec.UnsetType = UNSET


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars | st.builds(Inner, st.integers(), st.text(max_size=3) | st.just(UNSET)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.sampled_from(["a", "b", "length", "0", "number", "text"]), inner, max_size=4)
    ),
    max_leaves=12,
)
words = st.sampled_from(
    ["a", "b", "length", "0", "number", "text", "12", "1e3", "-1", "true", "Infinity", "x*y", '"q r"']
)
filters = st.recursive(
    words | st.sampled_from(["/a/", "/^b+$/i", ">1", "<=2", ">=-1", "=a", "=1", '="b"', "=true", "a?", "length?"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda terms: f"({' '.join(terms)})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda terms: f"|({' '.join(terms)})"),
        inner.map(lambda term: f"!{term}"),
        st.tuples(st.sampled_from(["a", "b", "length", "0", "number"]), inner).map(lambda pair: f"{pair[0]}:{pair[1]}"),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(filters, values)
def test_every_value_gets_an_answer(text: str, value: Any) -> None:
    parsed = parse_filter(text)
    assert parsed.matches(value) in (True, False)
    assert parse_filter(f"!({text})").matches(value) is not parsed.matches(value)
    assert parse_filter(f"{text} {text}").matches(value) is parsed.matches(value)
    assert parse_filter(f"|({text} {text})").matches(value) is parsed.matches(value)


@settings(max_examples=1_000, deadline=None)
@given(st.text(max_size=40) | st.text('ab1:|()!<>=/"\\*?_-$ .i', max_size=40), values)
def test_any_text_is_a_filter_or_a_syntax_error(text: str, value: Any) -> None:
    started = time.process_time()
    assert refusal(text, value) in range(len(text) + 1)
    assert time.process_time() - started < 1


def refusal(text: str, value: Any) -> int:
    """Where the text is refused; 0 when it is not, and `value` has been judged."""
    try:
        Filter(text).matches(value)
    except FilterSyntax as error:
        return error.position
    return 0


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=5), st.dictionaries(st.text(max_size=3), st.text(max_size=5) | st.integers(), max_size=4))
def test_bytes_never_exclude_what_matches(word: str, value: dict[str, Any]) -> None:
    quoted = word.replace("\\", "\\\\").replace('"', '\\"')
    parsed = parse_filter(f'"{quoted}"')
    try:
        body = msgspec.json.encode(value)
    except UnicodeEncodeError:  # lone surrogates are no JSON of ours
        return
    if parsed.matches(value):
        assert not parsed.excludes(body)


structs = st.builds(Inner, st.integers(), st.text("aA1", max_size=3) | st.just(UNSET))
columns = st.sampled_from(
    ["text:a", "number:>1", "number:<=0", "text:length:>1", "a:number:>1", "a:text:a", "b:a", "text:1"]
)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(columns | filters, min_size=1, max_size=3).map(" ".join),
    st.lists(structs, max_size=6)
    | st.lists(structs.map(lambda one: {"a": one}), max_size=6)
    | st.lists(values, max_size=6),
)
def test_going_down_the_columns_selects_what_matches(text: str, objects: list[Any]) -> None:
    parsed = parse_filter(text)
    places = range(len(objects))
    assert list(parsed.select(places, objects)) == [at for at in places if parsed.matches(objects[at])]
