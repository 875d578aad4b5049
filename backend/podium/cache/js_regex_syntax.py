"""JavaScript's regular expressions as a tree, and the same as Python source."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from podium.cache.values import WHITESPACE

Range = tuple[int, int]

MAX_LENGTH: Final = 1_000
MAX_DEPTH: Final = 40
MAX_REPEAT: Final = 1_000
_TOP: Final = 0x10FFFF


class RegexError(ValueError):
    """Not a JavaScript regular expression, or not one we evaluate. `position` counts from the pattern's start."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Char:
    """One character out of (or outside) some ranges."""

    ranges: tuple[Range, ...]
    negated: bool = False

    def source(self) -> str:
        if not self.negated and len(self.ranges) == 1 and self.ranges[0][0] == self.ranges[0][1]:
            return re.escape(chr(self.ranges[0][0]))
        if not self.ranges:  # `[]` matches nothing, `[^]` anything
            return r"[\x00-\U0010ffff]" if self.negated else r"[^\x00-\U0010ffff]"
        inside = "".join(
            _escape(low) if low == high else f"{_escape(low)}-{_escape(high)}" for low, high in self.ranges
        )
        return f"[{'^' if self.negated else ''}{inside}]"


@dataclass(frozen=True, slots=True)
class Edge:
    """A place between characters: start, end, at a word's edge or not."""

    kind: Literal["^", "$", "b", "B"]


@dataclass(frozen=True, slots=True)
class Seq:
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Alt:
    branches: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`most` None: any number."""

    item: "Node"
    least: int
    most: int | None
    lazy: bool


@dataclass(frozen=True, slots=True)
class Capture:
    item: "Node"


@dataclass(frozen=True, slots=True)
class Look:
    item: "Node"
    behind: bool
    negative: bool


@dataclass(frozen=True, slots=True)
class Back:
    """A back-reference."""

    group: int


Node = Char | Edge | Seq | Alt | Repeat | Capture | Look | Back

DIGIT: Final[tuple[Range, ...]] = ((0x30, 0x39),)
WORD: Final[tuple[Range, ...]] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Final[tuple[Range, ...]] = tuple((ord(c), ord(c)) for c in sorted(WHITESPACE))
LINE_END: Final[tuple[Range, ...]] = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
_SETS: Final = {"d": DIGIT, "w": WORD, "s": SPACE}
_FOLDED: Final = ((0x17F, 0x17F), (0x212A, 0x212A))
"""Long s and the Kelvin sign are letters s and k to Python when case does not count, and not to JavaScript."""
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_EDGES: Final[dict[str, str]] = {
    "^": r"\A",
    "$": r"\Z",
    "b": r"(?:(?<![0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<=[0-9A-Za-z_])(?![0-9A-Za-z_]))",
    "B": r"(?:(?<![0-9A-Za-z_])(?![0-9A-Za-z_])|(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_]))",
}
_QUANTIFIER: Final = re.compile(r"[*+?]|\{(\d+)(?:(,)(\d*))?\}", re.ASCII)
_REFERENCE: Final = re.compile(r"\d{1,3}", re.ASCII)
_GROUP_NAME: Final = re.compile(r"<([A-Za-z_$][\w$]*)>")
_NAMED: Final = re.compile(r"\(\?<([A-Za-z_$][\w$]*)>")
_NOT_GROUPS: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]", re.DOTALL)
_OPENING: Final = re.compile(r"\((?!\?)|\(\?<(?![=!])")


def parse(pattern: str) -> Node:
    """The tree of a pattern (flags apart). Raises RegexError."""
    if len(pattern) > MAX_LENGTH:
        raise RegexError(f"a regular expression has at most {MAX_LENGTH} characters", MAX_LENGTH)
    return _Parser(pattern).parse()


def python_source(node: Node) -> str:
    """The same pattern for Python's `re`, to be compiled without flags but IGNORECASE."""
    match node:
        case Char():
            return node.source()
        case Edge(kind):
            return _EDGES[kind]
        case Seq(items):
            return "".join(map(python_source, items))
        case Alt(branches):
            return f"(?:{'|'.join(map(python_source, branches))})"
        case Repeat(item, least, most, lazy):
            most_text = "" if most is None else str(most)
            return f"(?:{python_source(item)}){{{least},{most_text}}}{'?' if lazy else ''}"
        case Capture(item):
            return f"({python_source(item)})"
        case Look(item, behind, negative):
            return f"(?{'<' if behind else ''}{'!' if negative else '='}{python_source(item)})"
        case Back(group):
            return rf"(?({group})\{group}|)"  # in JavaScript a group that took no part matches the empty string


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        outside = _NOT_GROUPS.sub("", pattern)
        self.groups = len(_OPENING.findall(outside))
        self.named = {f"<{name}>" for name in _NAMED.findall(outside)}
        self.names: dict[str, int] = {}
        self.opened = 0
        self.closed: set[int] = set()

    def parse(self) -> Node:
        node = self._alternatives(0)
        if self.at < len(self.pattern):
            raise RegexError("there is no group to close here", self.at)
        return node

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _alternatives(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise RegexError(f"groups nest at most {MAX_DEPTH} deep", self.at)
        branches = [self._sequence(depth)]
        while self._peek() == "|":
            self.at += 1
            branches.append(self._sequence(depth))
        return branches[0] if len(branches) == 1 else Alt(tuple(branches))

    def _sequence(self, depth: int) -> Node:
        items: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            items.append(self._quantified(self._atom(depth)))
        return items[0] if len(items) == 1 else Seq(tuple(items))

    def _quantified(self, item: Node) -> Node:
        found = _QUANTIFIER.match(self.pattern, self.at)
        if found is None:
            return item
        if isinstance(item, Edge | Look):
            raise RegexError("there is nothing to repeat here", self.at)
        self.at = found.end()
        sign = found[0]
        least = int(found[1][:6]) if found[1] else int(sign == "+")
        most: int | None = None
        if sign == "?":
            most = 1
        elif found[1]:
            most = least if not found[2] else int(found[3][:6]) if found[3] else None
        if most is not None and most < least:
            raise RegexError("the numbers in { } are out of order", found.start())
        if max(least, most or 0) > MAX_REPEAT:
            raise RegexError(f"at most {MAX_REPEAT} repetitions can be counted", found.start())
        lazy = self._peek() == "?"
        self.at += lazy
        if _QUANTIFIER.match(self.pattern, self.at):
            raise RegexError("there is nothing to repeat here", self.at)
        if _can_be_empty(item) and most is None:
            # what repeats must move on; the empty turn adds nothing but choices
            return Repeat(item, 0, None, lazy)
        return Repeat(item, least, most, lazy)

    def _atom(self, depth: int) -> Node:
        char = self._peek()
        if char == "(":
            return self._group(depth)
        if char in "*+?" or (char == "{" and _QUANTIFIER.match(self.pattern, self.at)):
            raise RegexError("there is nothing to repeat here", self.at)
        self.at += 1
        match char:
            case "^":
                return Edge("^")
            case "$":
                return Edge("$")
            case ".":
                return Char(LINE_END, negated=True)
            case "[":
                return self._class()
            case "\\":
                return self._escape()
        return _literal(char)

    def _group(self, depth: int) -> Node:
        start = self.at
        self.at += 1
        node: Node
        if self.pattern.startswith(("?=", "?!", "?<=", "?<!"), self.at):
            behind = self.pattern[self.at + 1] == "<"
            self.at += 2 + behind
            negative = self.pattern[self.at - 1] == "!"
            node = Look(self._alternatives(depth + 1), behind, negative)
        elif self.pattern.startswith("?:", self.at):
            self.at += 2
            node = Seq((self._alternatives(depth + 1),))
        else:
            if self._peek() == "?":
                name = _GROUP_NAME.match(self.pattern, self.at + 1)
                if name is None or name[1] in self.names:
                    raise RegexError("this kind of group is not known", self.at)
                self.at = name.end()
                self.names[name[1]] = self.opened + 1
            self.opened += 1
            group = self.opened
            node = Capture(self._alternatives(depth + 1))
            self.closed.add(group)
        if self._peek() != ")":
            raise RegexError("this group is not closed", start)
        self.at += 1
        return node

    def _back(self, group: int) -> Node:
        # a group that is not complete yet has matched nothing, and nothing is found everywhere
        return Back(group) if group in self.closed else Seq(())

    def _escape(self) -> Node:
        char = self._peek()
        if not char:
            raise RegexError("a \\ cannot be the last character", self.at - 1)
        if char in "bB":
            self.at += 1
            return Edge("b" if char == "b" else "B")
        if char in "123456789":
            found = _REFERENCE.match(self.pattern, self.at)
            if found is not None and int(found[0]) <= self.groups:
                self.at = found.end()
                return self._back(int(found[0]))
        if char == "k" and self.named:
            name = _GROUP_NAME.match(self.pattern, self.at + 1)
            if name is None or name[0] not in self.named:
                raise RegexError("there is no such named group", self.at)
            self.at = name.end()
            return self._back(self.names.get(name[1], 0))
        negated, ranges = self._escaped_set()
        return Char(ranges, negated)

    def _escaped_set(self) -> tuple[bool, tuple[Range, ...]]:
        """What follows a backslash, in or outside a class, that stands for characters. The backslash is consumed."""
        char = self._peek()
        self.at += 1
        if char.lower() in _SETS:
            return char.isupper(), _SETS[char.lower()]
        if char in _CONTROLS:
            return False, ((_CONTROLS[char], _CONTROLS[char]),)
        code = ord(char)
        hexadecimal = {"x": r"[0-9a-fA-F]{2}", "u": r"[0-9a-fA-F]{4}"}.get(char)
        if hexadecimal and (found := re.compile(hexadecimal).match(self.pattern, self.at)):
            self.at = found.end()
            code = int(found[0], 16)
        elif char == "c" and (letter := self._peek()).isascii() and letter.isalpha():
            self.at += 1
            code = ord(letter) % 32
        elif char == "c":
            self.at -= 1  # a lone `\c` is a backslash and a c
            code = ord("\\")
        elif found := re.compile(r"[0-3][0-7]{0,2}|[4-7][0-7]?").match(self.pattern, self.at - 1):
            self.at = found.end()
            code = int(found[0], 8)
        return False, ((code, code),)

    def _class(self) -> Node:
        start = self.at - 1
        negated = self._peek() == "^"
        self.at += negated
        ranges: list[Range] = []
        while self._peek() != "]":
            if not self._peek():
                raise RegexError("this [ is not closed", start)
            low = self._class_atom()
            if self._peek() != "-" or self.pattern[self.at + 1 : self.at + 2] in ("]", ""):
                ranges.extend(low)
                continue
            dash = self.at
            self.at += 1
            high = self._class_atom()
            if _single(low) and _single(high):
                if high[0][0] < low[0][0]:
                    raise RegexError("this range is out of order", dash)
                ranges.append((low[0][0], high[0][0]))
            else:
                ranges.extend((*low, (0x2D, 0x2D), *high))
        self.at += 1
        return Char(tuple(ranges), negated)

    def _class_atom(self) -> Sequence[Range]:
        char = self._peek()
        self.at += 1
        if char != "\\":
            return ((ord(char), ord(char)),)
        if not self._peek():
            raise RegexError("a \\ cannot be the last character", self.at - 1)
        if self._peek() == "b":
            self.at += 1
            return ((8, 8),)
        negated, ranges = self._escaped_set()
        return _complement(ranges) if negated else ranges


def _literal(char: str) -> Char:
    return Char(((ord(char), ord(char)),))


def _single(ranges: Sequence[Range]) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _complement(ranges: Sequence[Range]) -> tuple[Range, ...]:
    outside: list[Range] = []
    low = 0
    for start, end in sorted((*ranges, *_FOLDED)):
        if start > low:
            outside.append((low, start - 1))
        low = end + 1
    outside.append((low, _TOP))
    return tuple(outside)


def _escape(code: int) -> str:
    return f"\\U{code:08x}"


def _can_be_empty(node: Node) -> bool:
    match node:
        case Char():
            return False
        case Seq(items):
            return all(map(_can_be_empty, items))
        case Alt(branches):
            return any(map(_can_be_empty, branches))
        case Repeat(item, least, _, _):
            return least == 0 or _can_be_empty(item)
        case Capture(item):
            return _can_be_empty(item)
    return True
