"""A JavaScript regular expression as a test of strings, whose time is bounded whatever the pattern and the text.

Python's `re` backtracks: `(a+)+$` on forty letters takes hours, and holds the interpreter meanwhile. So a pattern's
worst number of steps is worked out from its tree. As long as a text is too short to be dangerous `re` does the work,
which is nearly always; otherwise an automaton does it, in steps proportional to the text. It cannot look around or
refer back: patterns that do and could also be slow on a text do not match that text.
"""

import re
from collections.abc import Callable
from math import inf
from typing import Final, Literal

from podium.cache.js_regex_syntax import (
    Alt,
    Back,
    Capture,
    Char,
    Edge,
    Look,
    Node,
    RegexError,
    Repeat,
    Seq,
    parse,
    python_source,
)

Test = Callable[[str], bool]

BUDGET: Final = 100_000
"""Steps of `re` that one text may cost: about a millisecond."""
STEPS_PER_CHAR: Final = 50
MAX_STATES: Final = 250
MAX_VISITS: Final = 200_000
"""States the automaton may visit to learn new steps on one text, some 20 ms; texts it knows cost none."""
_LONGEST: Final = 1 << 20
_WORD: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


def compile_test(pattern: str, *, ignore_case: bool) -> Test:
    """`RegExp(pattern).test`. Raises RegexError."""
    tree = parse(pattern)
    flags = re.IGNORECASE if ignore_case else 0
    try:
        search = re.compile(python_source(tree), flags).search
    except (re.error, OverflowError, RecursionError) as error:
        raise RegexError(f"this regular expression is not supported ({error})", 0) from error
    safe = _safe_length(tree)
    if safe >= _LONGEST:
        return lambda text: search(text) is not None
    if _looks(tree):
        return lambda text: len(text) <= safe and search(text) is not None
    slow = _Automaton(tree, flags).test
    return lambda text: search(text) is not None if len(text) <= safe else slow(text)


def _safe_length(tree: Node) -> int:
    """The longest text on which `re` surely stays within its budget."""
    size = _size(tree)
    anchored = _anchored(tree)

    def within(length: int) -> bool:
        steps = (1 if anchored else length + 1) * _ways(tree, length) * size
        return steps <= BUDGET + STEPS_PER_CHAR * length

    low, high = 0, _LONGEST
    if within(high):
        return high
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if within(middle) else (low, middle)
    return low


def _ways(node: Node, length: int) -> float:
    """An upper bound of the ways in which backtracking may match `node` within `length` characters."""
    match node:
        case Char() | Edge() | Back():
            return 1
        case Seq(items):
            product = 1.0
            for item in items:
                product *= _ways(item, length)
            return product
        case Alt(branches):
            return sum(_ways(branch, length) for branch in branches)
        case Capture(item) | Look(item, _, _):
            return _ways(item, length)
        case Repeat(item, least, most, _):
            turns = length if most is None else min(most, length)
            choices = max(turns - least, 0) + 1
            once = _ways(item, length)
            if once <= 1:
                return choices
            try:
                return choices * float(once) ** max(turns, least)
            except OverflowError:
                return inf


def _size(node: Node) -> int:
    """How many states the automaton of `node` has."""
    match node:
        case Char() | Edge() | Back():
            return 1
        case Seq(items):
            return sum(map(_size, items))
        case Alt(branches):
            return len(branches) + sum(map(_size, branches))
        case Capture(item) | Look(item, _, _):
            return _size(item)
        case Repeat(item, least, most, _):
            return (_size(item) + 1) * max(1, least + 1 if most is None else most)


def _anchored(node: Node) -> bool:
    match node:
        case Edge(kind):
            return kind == "^"
        case Seq(items):
            return bool(items) and _anchored(items[0])
        case Alt(branches):
            return all(map(_anchored, branches))
        case Capture(item):
            return _anchored(item)
    return False


def _looks(node: Node) -> bool:
    match node:
        case Look() | Back():
            return True
        case Seq(parts) | Alt(parts):
            return any(map(_looks, parts))
        case Capture(item) | Repeat(item, _, _, _):
            return _looks(item)
    return False


class _State:
    """A set of places in the pattern, the kind of the character before, and the steps from here known so far."""

    __slots__ = ("before", "next", "places")

    def __init__(self, places: frozenset[int], before: Literal["start", "word", "other"]) -> None:
        self.places = places
        self.before = before
        self.next: dict[str, _State | None] = {}


class _Automaton:
    """Thompson's automaton, made deterministic step by step as texts need it."""

    def __init__(self, tree: Node, flags: int) -> None:
        if _size(tree) > MAX_STATES:
            raise RegexError("this regular expression is too costly: fewer or smaller repetitions, please", 0)
        self._flags = flags
        self._chars: list[re.Pattern[str] | None] = []
        self._edges: list[str] = []
        self._out: list[list[int]] = []
        self._final = self._place()
        self._first = self._build(tree, self._final)
        self._forget()

    def test(self, text: str) -> bool:
        """Whether it occurs in `text`."""
        if self._learnt > 20_000:
            self._forget()
        visits = self._visits
        state = self._start
        for char in text:
            if char in state.next:
                step = state.next[char]
            elif self._visits - visits > MAX_VISITS:
                return False
            else:
                step = self._step(state, char)
            if step is None:
                return True
            state = step
        if "" not in state.next:
            self._step(state, "")
        return state.next[""] is None

    def _forget(self) -> None:
        self._states: dict[tuple[frozenset[int], str], _State] = {}
        self._start = _State(frozenset(), "start")
        self._learnt = 0
        self._visits = 0

    def _step(self, state: _State, char: str) -> _State | None:
        """Learn where `char` leads ("" is the end of the text); None: a match is complete."""
        places = self._closure({*state.places, self._first}, state.before, char)
        if self._final in places:
            step = None
        else:
            after = frozenset(self._out[place][0] for place in places if self._takes(place, char))
            before: Literal["word", "other"] = "word" if char in _WORD else "other"
            step = self._states.setdefault((after, before), _State(after, before))
        state.next[char] = step
        self._learnt += 1
        return step

    def _takes(self, place: int, char: str) -> bool:
        pattern = self._chars[place]
        return pattern is not None and char != "" and pattern.match(char) is not None

    def _closure(self, places: set[int], before: str, char: str) -> set[int]:
        """All places reachable without taking a character, between the one before and `char`."""
        stack = list(places)
        while stack:
            place = stack.pop()
            if self._chars[place] is None and self._passes(self._edges[place], before, char):
                fresh = [target for target in self._out[place] if target not in places]
                places.update(fresh)
                stack.extend(fresh)
        self._visits += len(places)
        return places

    @staticmethod
    def _passes(edge: str, before: str, char: str) -> bool:
        match edge:
            case "^":
                return before == "start"
            case "$":
                return char == ""
            case "b":
                return (before == "word") != (char in _WORD)
            case "B":
                return (before == "word") == (char in _WORD)
        return True

    def _place(self, *out: int, edge: str = "", char: re.Pattern[str] | None = None) -> int:
        self._out.append(list(out))
        self._edges.append(edge)
        self._chars.append(char)
        return len(self._out) - 1

    def _build(self, node: Node, then: int) -> int:
        """Add the places of `node`, which leads to `then`; answers its entry."""
        match node:
            case Char():
                return self._place(then, char=re.compile(node.source(), self._flags))
            case Edge(kind):
                return self._place(then, edge=kind)
            case Seq(items):
                for item in reversed(items):
                    then = self._build(item, then)
                return then
            case Alt(branches):
                return self._place(*[self._build(branch, then) for branch in branches])
            case Capture(item):
                return self._build(item, then)
            case Repeat(item, least, most, _):
                return self._repeat(item, least, most, then)
        raise AssertionError(node)

    def _repeat(self, item: Node, least: int, most: int | None, then: int) -> int:
        if most is None:
            loop = self._place(then)
            self._out[loop].append(self._build(item, loop))
            then = loop
        else:
            end = then
            for _ in range(most - least):
                then = self._place(self._build(item, then), end)
        for _ in range(least):
            then = self._build(item, then)
        return then
