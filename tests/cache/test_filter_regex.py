"""Regular expressions as JavaScript's, and in bounded time."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.cache.js_regex import _Automaton, compile_test
from podium.cache.js_regex_syntax import RegexError, parse, python_source


def found(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    return compile_test(pattern, ignore_case=ignore_case)(text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("^a$", "a", True),
        ("^a$", "a\n", False),  # Python's $ would
        ("a.b", "a\rb", False),  # Python's dot would
        ("a[^]b", "a\nb", True),
        ("[]", "a", False),
        (r"^\d$", "٣", False),  # an Arabic digit
        (r"^\w+$", "é", False),
        (r"\bfoo\b", "a-foo-b", True),
        (r"\bfoo\b", "afoo", False),
        (r"\Boo", "foo", True),
        (r"^\s$", "\ufeff", True),
        (r"^\S$", "\ufeff", False),
        (r"^[\d-x]+$", "1-x", True),
        (r"^[a\]]$", "]", True),
        ("^[[&&~~||]$", "[", True),
        ("a{,2}", "a{,2}", True),  # no quantifier in JavaScript
        ("a{2}", "aa", True),
        ("^a{1,2}?$", "aa", True),
        ("x{", "x{", True),
        ("]", "]", True),
        (r"\x41B\cJ", "AB\n", True),
        (r"\0", "\0", True),
        (r"\101", "A", True),
        (r"[\b]", "\b", True),
        (r"\A", "A", True),
        (r"\-\_\/", "-_/", True),
        (r"^(a)|b\1$", "b", True),  # a group that took no part is empty
        (r"^(?<x>a|b)-\k<x>$", "b-b", True),
        (r"^(?<x>a|b)-\k<x>$", "b-a", False),
        (r"(a)(b)\2\1", "abba", True),
        (r"^(?!test)", "prod", True),
        (r"^(?!test)", "test", False),
        (r"(?<=\$)\d", "$5", True),
        (r"(?<!\$)5", "$5", False),
        ("a|", "b", True),
        ("(?:)", "", True),
        ("(a*)*$", "aab", True),
        ("\\\\", "\\", True),
    ],
)
def test_means_what_it_means_in_javascript(pattern: str, text: str, expected: bool) -> None:
    assert found(pattern, text) is expected


def test_case_is_ignored_beyond_ascii() -> None:
    assert found("é", "É", ignore_case=True)
    assert not found("é", "É")


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", ")", "(a", "[a", "[b-a]", "a{2,1}", "*", "+a", "a**", "a*+", "a++", "?", "^*", "(?=a)*", "\\", "(?i)a"),
        *("(?>a)", "(?P<n>a)", "(?<n>a)(?<n>b)", "(?<a*)", "\\k<x>(?<y>a)", "[\\", "{1}", "(?#c)", "(?(1)a|b)"),
        *("(?<=a*)b", "a" * 1001, "(" * 60 + ")" * 60, "a{99999}", "(a{500}){500}b*c*"),
    ],
)
def test_what_javascript_or_we_refuse(pattern: str) -> None:
    with pytest.raises(RegexError):
        compile_test(pattern, ignore_case=False)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|a)*$",
        "(a|aa)+$",
        "(.*a){20}$",
        "a*a*a*a*a*a*b",
        "(a?){25}a{25}b",
        "(x+x+)+y",
        "(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)b",
        "(?:(?:(?:a*)*)*)*b",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        ".*.*=.*b",
        "(a|b)*a(a|b){45}c",
        "(?=(a+)+$)b",
        r"(a+)+\1b",
        "(?=.*a.*a.*a.*a.*z)",
    ],
)
def test_hostile_patterns_cost_little(pattern: str) -> None:
    started = time.process_time()
    test = compile_test(pattern, ignore_case=True)
    for text in ("a" * 35 + "!", "ab" * 500 + "!", "a" * 20_000, "x" * 60):
        test(text)
    assert time.process_time() - started < 1.0


def test_long_texts_are_still_judged_rightly() -> None:
    assert found("^(([a-z]+)-)*prod$", "web-" * 5_000 + "prod")
    assert not found("^(([a-z]+)-)*prod$", "web-" * 5_000 + "test")
    assert found("one.*two.*three", "x" * 9_000 + "one" + "x" * 9_000 + "two three")
    assert not found("one.*two.*three", "x" * 9_000 + "one" + "x" * 9_000 + "three")
    assert found(r"\bfoo\b.*\bx*$", "foo" + " a" * 5_000)


atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\b", "^", "$", r"\d", "(?:)"])
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(patterns, st.text("ab1 \n", max_size=8))
def test_the_automaton_agrees_with_re(pattern: str, text: str) -> None:
    try:
        tree = parse(pattern)
    except RegexError:
        return
    expected = re.search(python_source(tree), text) is not None
    try:
        automaton = _Automaton(tree, 0)
    except RegexError:
        return
    assert automaton.test(text) is expected
    assert automaton.test(text) is expected  # now that it knows the steps


@settings(max_examples=500, deadline=None)
@given(st.text(r"abAZ09()[]{}*+?|^$.\/-,<>=!:bdwsku'" + "\n", max_size=30), st.text("ab09-\n", max_size=20))
def test_nothing_but_a_regex_error_comes_out(pattern: str, text: str) -> None:
    try:
        test = compile_test(pattern, ignore_case=False)
    except RegexError:
        return
    test(text)
