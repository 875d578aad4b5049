"""The expression language of `get_all_records_where`."""

import re
from collections.abc import Callable, Mapping

from xensim.failures import XapiFailure
from xensim.schema import Class

Record = Mapping[str, object]
Predicate = Callable[[Record], bool]
_Value = Callable[[Record], str]

_TOKEN = re.compile(r'\s*(?:(?P<text>"[^"]*")|(?P<word>[a-z]+)|(?P<sign>[=()]))')
_KEYWORDS = {"and", "or", "not", "true", "false", "field"}


class _SyntaxError(Exception):
    """What the OCaml parser would say."""


def compile_expression(expression: str, cls: Class) -> Predicate:
    """A test for records of `cls`. Raises INVALID_VALUE for bad syntax, INTERNAL_ERROR for an unknown field."""
    try:
        return _Parser(_tokens(expression), cls).parse()
    except _SyntaxError as error:
        raise XapiFailure("INVALID_VALUE", expression, str(error)) from None


def _tokens(expression: str) -> list[str]:
    tokens, at = [], 0
    stripped = expression.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None or (match["word"] and match["word"] not in _KEYWORDS):
            raise _SyntaxError('Failure("lexing: empty token")')
        tokens.append(match.group().strip())
        at = match.end()
    return tokens


class _Parser:
    """Recursive descent; `and` binds closer than `or`, `not` closest."""

    def __init__(self, tokens: list[str], cls: Class) -> None:
        self._tokens = tokens
        self._cls = cls
        self._at = 0

    def parse(self) -> Predicate:
        predicate = self._either()
        if self._at != len(self._tokens):
            raise _SyntaxError("Stdlib.Parsing.Parse_error")
        return predicate

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str = "") -> str:
        token = self._peek()
        if not token or (wanted and token != wanted):
            raise _SyntaxError("Stdlib.Parsing.Parse_error")
        self._at += 1
        return token

    def _either(self) -> Predicate:
        left = self._both()
        while self._peek() == "or":
            self._take()
            left = _or(left, self._both())
        return left

    def _both(self) -> Predicate:
        left = self._single()
        while self._peek() == "and":
            self._take()
            left = _and(left, self._single())
        return left

    def _single(self) -> Predicate:
        match self._peek():
            case "not":
                self._take()
                return _not(self._single())
            case "true" | "false":
                answer = self._take() == "true"
                return lambda _record: answer
            case "(":
                self._take()
                inner = self._either()
                self._take(")")
                return inner
        left = self._value()
        self._take("=")
        return _equal(left, self._value())

    def _value(self) -> _Value:
        if self._peek() == "field":
            self._take()
            return self._field(self._text(self._take()))
        text = self._text(self._take())
        return lambda _record: text

    def _text(self, token: str) -> str:
        if not token.startswith('"'):
            raise _SyntaxError("Stdlib.Parsing.Parse_error")
        return token[1:-1]

    def _field(self, name: str) -> _Value:
        # The database joins namespaces by two underscores: name__label, but the name on the wire has one.
        wire = name if name in self._cls.fields else name.replace("__", "_")
        if wire not in self._cls.fields:
            raise XapiFailure("INTERNAL_ERROR", "missing field", name, "")
        return lambda record: database_text(record[wire])


def _or(left: Predicate, right: Predicate) -> Predicate:
    return lambda record: left(record) or right(record)


def _and(left: Predicate, right: Predicate) -> Predicate:
    return lambda record: left(record) and right(record)


def _not(inner: Predicate) -> Predicate:
    return lambda record: not inner(record)


def _equal(left: _Value, right: _Value) -> Predicate:
    return lambda record: left(record) == right(record)


def database_text(value: object) -> str:
    """A value as the database holds it: sets and maps are S-expressions."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "(" + " ".join(_quoted(element) for element in value) + ")"
    if isinstance(value, dict):
        return "(" + " ".join(f"({_quoted(key)} {_quoted(element)})" for key, element in value.items()) + ")"
    return str(value)


def _quoted(value: object) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
