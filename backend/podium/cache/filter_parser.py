"""The filter language, text to tree: Xen Orchestra's complex-matcher, and `=` for exact comparison (ANCHOR 2.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Final, Literal, NoReturn

from podium.cache.js_regex import compile_test
from podium.cache.js_regex_syntax import RegexError
from podium.cache.values import WHITESPACE, number_of
from podium.errors import FilterSyntax

MAX_LENGTH: Final = 65_536
MAX_TERMS: Final = 2_000
MAX_SEARCHES: Final = 100
"""Terms that look at every value of an object, and regular expressions: one may cost 0.1 ms an object."""
MAX_DEPTH: Final = 64


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    term: "Node"


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    term: "Node"


@dataclass(frozen=True, slots=True)
class Truthy:
    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """A substring, whatever its case, anywhere inside. `number`: or the same number."""

    text: str
    number: float | None = None


@dataclass(frozen=True, slots=True)
class Glob:
    text: str


@dataclass(frozen=True, slots=True)
class Regex:
    test: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Literal[">", ">=", "<", "<="]
    number: float


@dataclass(frozen=True, slots=True)
class Exact:
    """Our own: equal as it is written. `bare`: not in quotes, so it may be a number or a boolean as well."""

    text: str
    bare: bool


Node = And | Or | Not | Property | Truthy | Text | Glob | Regex | Compare | Exact

_HINTS: Final = {
    "and": "terms side by side are joined by and already",
    "or": "write |(a b) for a or b",
    "not": "write !a for not a",
}
_WORDS: Final = frozenset([*_HINTS, *map(str.upper, _HINTS)])
_OPERATORS: Final[tuple[Literal[">=", "<=", ">", "<"], ...]] = (">=", "<=", ">", "<")


def parse(text: str) -> And:
    """The tree of a filter. Raises FilterSyntax."""
    return _Parser(text).parse()


def searches(node: Node, *, inside: bool = False) -> int:
    """How many terms of the tree look at every value of an object, or are regular expressions."""
    match node:
        case And(terms) | Or(terms):
            return sum(searches(term, inside=inside) for term in terms)
        case Not(term):
            return searches(term, inside=inside)
        case Property(_, term):
            return searches(term, inside=True)
        case Regex():
            return 1
        case Text() | Glob():
            return 0 if inside else 1
    return 0


def is_raw(char: str) -> bool:
    """Whether `char` needs no quotes: a letter that has case, a digit, or one of `_-.$`."""
    return ("0" <= char <= "9") or char in ("_", "-", ".", "$") or char.upper() != char or char.lower() != char


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.terms = 0
        self.searches = 0
        self.inside = 0
        """How many properties lead to what is being read."""

    def parse(self) -> And:
        if len(self.text) > MAX_LENGTH:
            # the text itself is not repeated in the answer
            raise FilterSyntax(
                f"a filter has at most {MAX_LENGTH} characters", text=self.text[:100], position=MAX_LENGTH
            )
        self._space()
        terms = self._terms(0)
        if self.at < len(self.text):
            self._expected("end of input" if self._peek() == ")" else "a term")
        return And(terms)

    def _fail(self, message: str, position: int) -> NoReturn:
        raise FilterSyntax(message, text=self.text, position=position)

    def _expected(self, what: str, position: int | None = None) -> NoReturn:
        at = self.at if position is None else position
        found = self.text[at : at + 1]
        hint = ""
        if found == ")":
            hint = ": there is no group to close" if what == "end of input" else ""
        elif found in WHITESPACE:
            hint = ": no space here" if found else ""
        elif found in ("&", ","):
            hint = ': terms side by side are joined by and; a value that holds such a character goes in quotes: "a,b"'
        else:
            hint = f": {found!r} cannot stand here; a value that holds it goes in double quotes"
        self._fail(f"parse error: expected {what} at position {at}{hint}", at)

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _space(self) -> None:
        text, at = self.text, self.at
        while at < len(text) and text[at] in WHITESPACE:
            at += 1
        self.at = at

    def _terms(self, depth: int) -> tuple[Node, ...]:
        """Terms up to the end or a closing parenthesis."""
        terms: list[Node] = []
        words: list[tuple[int, int, str]] = []
        while self._peek() not in ("", ")"):
            start = self.at
            terms.append(self._term(depth))
            word = self.text[start : self.at].rstrip(WHITESPACE)
            if word in _WORDS:
                words.append((len(terms) - 1, start, word))
        for index, start, word in words:
            self._reject_word(terms, index, start, word)
        return tuple(terms)

    def _reject_word(self, terms: list[Node], index: int, start: int, word: str) -> None:
        """`a and b` means something else here than its author thinks; a first, last or only word is a search for it."""
        between = 0 < index < len(terms) - 1
        negates = word.lower() == "not" and index < len(terms) - 1 and not isinstance(terms[index + 1], Text)
        if between or negates:
            hint = _HINTS[word.lower()]
            self._fail(
                f"parse error: expected a term at position {start}: {word} is no operator, {hint}; "
                f'to search for the word, quote it: "{word}"',
                start,
            )

    def _term(self, depth: int) -> Node:
        self.terms += 1
        if depth > MAX_DEPTH:
            self._fail(f"parse error: a filter nests at most {MAX_DEPTH} deep, at position {self.at}", self.at)
        if self.terms > MAX_TERMS:
            self._fail(f"parse error: a filter has at most {MAX_TERMS} terms, at position {self.at}", self.at)
        node = self._bare_term(depth)
        self._space()
        return node

    def _searching(self, start: int) -> None:
        self.searches += 1
        if self.searches > MAX_SEARCHES:
            self._fail(
                f"parse error: a filter has at most {MAX_SEARCHES} bare words and regular expressions, at position "
                f"{start}: name the property to look at, like name_label:|(a b)",
                start,
            )

    def _bare_term(self, depth: int) -> Node:
        char = self._peek()
        if char == "(":
            return And(self._group(depth))
        if char == "|":
            self.at += 1
            self._space()
            if self._peek() != "(":
                self._expected("'(' after '|'")
            return Or(self._group(depth))
        if char == "!":
            self.at += 1
            self._space()
            return Not(self._term(depth + 1))
        if char in ("<", ">"):
            return self._comparison()
        if char == "=":
            return self._exact()
        if char == "/":
            return self._regex()
        return self._value_or_property(depth)

    def _group(self, depth: int) -> tuple[Node, ...]:
        opened = self.at
        self.at += 1
        self._space()
        terms = self._terms(depth + 1)
        if not self._peek():
            self._fail(f"parse error: expected ')' at position {self.at}: the group at {opened} is not closed", self.at)
        if not terms:
            self._expected("a term in the group")
        self.at += 1
        return terms

    def _comparison(self) -> Node:
        start = self.at
        operator = next(sign for sign in _OPERATORS if self.text.startswith(sign, start))
        self.at += len(operator)
        text = self._raw()
        if not text:
            self._expected(f"a number directly after '{operator}'")
        value = number_of(text)
        if isnan(value):
            self._fail("value must be a number", start + len(operator))
        return Compare(operator, value)

    def _exact(self) -> Node:
        self.at += 1
        if self._peek() == '"':
            return Exact(self._quoted(), bare=False)
        text = self._raw()
        if not text:
            self._expected("a value directly after '='")
        return Exact(text, bare=True)

    def _regex(self) -> Node:
        start = self.at
        self._searching(start)
        at = start + 1
        while at < len(self.text) and self.text[at] != "/":
            at += 2 if self.text[at] == "\\" else 1
        if at >= len(self.text):
            self._fail(
                f"parse error: expected '/' at position {len(self.text)}: the regex at {start} is not closed", start
            )
        self.at = at + 1
        ignore_case = self._peek() == "i"
        self.at += ignore_case
        try:
            return Regex(compile_test(self.text[start + 1 : at], ignore_case=ignore_case))
        except RegexError as error:
            position = start + 1 + error.position
            self._fail(f"Invalid regular expression at position {position}: {error}", position)

    def _value_or_property(self, depth: int) -> Node:
        start = self.at
        quoted = self._peek() == '"'
        text = self._quoted() if quoted else self._raw(glob=True)
        if not quoted and not text:
            self._expected("a term")
        is_glob = not quoted and "*" in text
        if not is_glob:
            if self._peek() == "?":
                self.at += 1
                return Truthy(text)
            end = self.at
            self._space()
            if self._peek() == ":":
                self.at += 1
                self._space()
                if self._peek() in ("", ")"):
                    self._expected(f"a term after '{self.text[start:end]}:'")
                self.inside += 1
                term = self._term(depth + 1)
                self.inside -= 1
                return Property(text, term)
            self.at = end
        if not self.inside:
            self._searching(start)
        if is_glob:
            return Glob(text)
        value = number_of(text)
        return Text(text) if quoted or isnan(value) else Text(text, value)

    def _raw(self, *, glob: bool = False) -> str:
        text, at = self.text, self.at
        while at < len(text) and (is_raw(text[at]) or (glob and text[at] == "*")):
            at += 1
        found = text[self.at : at]
        self.at = at
        return found

    def _quoted(self) -> str:
        text, start = self.text, self.at
        at = start + 1
        parts = []
        while at < len(text) and text[at] != '"':
            at += text[at] == "\\"
            parts.append(text[at : at + 1])
            at += 1
        if at >= len(text):
            self._fail(f"parse error: expected '\"' at position {len(text)}: the text at {start} is not closed", start)
        self.at = at + 1
        return "".join(parts)
