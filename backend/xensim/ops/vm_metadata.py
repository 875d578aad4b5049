r"""What a snapshot remembers of its VM: the fields of that time in `snapshot_metadata`, as the database writes them.

The form, seen in wire 05-052: `(('name__label' 'web') ('tags' '()') ('platform' '((\'nx\' \'true\'))') ...)`.
"""

import re
from collections.abc import Iterator
from typing import cast

from xensim.filters import database_text
from xensim.ops.values import Record
from xensim.schema import Class, Type

# Fields in these namespaces are joined by two underscores in the database, by one on the wire.
_SPACES = ("name_", "memory_", "VCPUs_", "PV_", "HVM_", "actions_")
_TOKEN = re.compile(r"[()]|'(?:[^'\\]|\\.)*'")
_ESCAPED = re.compile(r"\\(.)")

Tree = str | list["Tree"]


def write(record: Record, ref: str) -> str:
    """The fields of a VM, its own `snapshot_metadata` left out."""
    fields = {_stored(name): database_text(value) for name, value in record.items() if name != "snapshot_metadata"}
    return database_text({"_ref": ref, **fields})


def read(metadata: str, cls: Class) -> dict[str, object]:
    """The fields in wire form; nothing from a snapshot that has no metadata. Unknown fields are left out."""
    fields: dict[str, object] = {}
    for pair in _tree(metadata):
        name, value = cast("list[str]", pair)
        known = cls.fields.get(name.replace("__", "_"))
        if known is not None:
            fields[known.name] = _value(value, known.type)
    return fields


def _stored(name: str) -> str:
    space = next((space for space in _SPACES if name.startswith(space)), None)
    return name if space is None else f"{space}_{name.removeprefix(space)}"


def _value(value: str, type_: Type) -> object:
    match type_.kind:
        case "int":
            return int(value)
        case "float":
            return float(value)
        case "bool":
            return value == "true"
        case "set":
            return _tree(value)
        case "map":
            return dict(cast("list[list[str]]", _tree(value)))
    return value


def _tree(expression: str) -> list[Tree]:
    """An S-expression of quoted strings as lists; nothing of an empty one."""
    tokens = iter(_TOKEN.findall(expression))
    return _branch(tokens) if next(tokens, "") == "(" else []


def _branch(tokens: Iterator[str]) -> list[Tree]:
    branch: list[Tree] = []
    for sign in tokens:
        if sign == ")":
            break
        branch.append(_branch(tokens) if sign == "(" else _ESCAPED.sub(r"\1", sign[1:-1]))
    return branch
