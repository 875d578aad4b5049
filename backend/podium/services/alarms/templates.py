"""Templates of messages: a small part of Jinja's language, in which nothing can be called and nothing grows large.

Jinja's sandbox keeps a template from our inside, not from using up processor and memory. So what a template may hold is
a list: names, members, comparisons, conditions, loops over what there is, and a few filters.
"""

from functools import lru_cache
from typing import Final

import msgspec
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import UNSET

from podium.errors import InvalidParameters

MAX_LENGTH: Final = 20_000
MAX_OUTPUT: Final = 512 * 1024
_DEEPEST: Final = 2
"""Loops within loops: a hundred alarms, each with each, is the most there is."""
_FILTERS: Final = frozenset((
    "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "join", "last", "length",
    "lower", "round", "tojson", "trim", "upper", "urlencode",
))  # fmt: skip
_NODES: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.If,
    nodes.For, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.Concat, nodes.Add, nodes.Sub, nodes.Div, nodes.Neg, nodes.Keyword,
)  # fmt: skip

_environment: Final = ImmutableSandboxedEnvironment(
    autoescape=False, undefined=StrictUndefined, keep_trailing_newline=False, trim_blocks=True, lstrip_blocks=True
)
_environment.globals.clear()


def render(template: str, values: dict[str, object]) -> str:
    """Raises InvalidParameters, in words and with the line, for a template that cannot be used."""
    _check(template)
    try:
        found, length = [], 0
        for part in _environment.from_string(template).generate(values):
            found.append(part)
            length += len(part)
            if length > MAX_OUTPUT:
                raise InvalidParameters(f"the template makes more than {MAX_OUTPUT // 1024} KiB of text")
    except TemplateError as error:
        raise InvalidParameters(f"the template does not work: {error.message}") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise InvalidParameters(f"the template does not work: {error}") from error
    return "".join(found)


def values_of(content: msgspec.Struct) -> dict[str, object]:
    """What a template can name: the members of the message's JSON; what is left out there is nothing (none) here.

    So `{% if alarm.rule %}` works, and a misspelt name is still an error.
    """
    return {
        name: _value(getattr(content, attribute))
        for name, attribute in zip(content.__struct_encode_fields__, content.__struct_fields__, strict=True)
    }


def _value(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return values_of(value)
    if isinstance(value, tuple):
        return [_value(one) for one in value]
    return None if value is UNSET else value


@lru_cache(maxsize=256)
def _check(template: str) -> None:
    if len(template) > MAX_LENGTH:
        raise InvalidParameters(f"a template has at most {MAX_LENGTH} characters")
    try:
        tree = _environment.parse(template)
    except TemplateSyntaxError as error:
        raise InvalidParameters(f"line {error.lineno} of the template: {error.message}") from error
    except RecursionError as error:
        raise InvalidParameters("the template is nested too deeply") from error
    _visit(tree, 0)


def _visit(node: nodes.Node, depth: int) -> None:
    if not isinstance(node, _NODES):
        what = type(node).__name__.lower()
        raise InvalidParameters(f"line {node.lineno} of the template: {what} is not among what templates can use here")
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        raise InvalidParameters(f"line {node.lineno} of the template: there is no filter {node.name} here")
    if isinstance(node, nodes.For):
        depth += 1
        if depth > _DEEPEST or node.recursive:
            raise InvalidParameters(f"line {node.lineno} of the template: loops go at most {_DEEPEST} deep")
    for child in node.iter_child_nodes():
        _visit(child, depth)
