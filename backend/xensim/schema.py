"""The XenServer API as data: classes, fields, messages and relations, from the generated schema.json."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

NULL_REF = "OpaqueRef:NULL"
_ZEROS: dict[str, object] = {
    "string": "",
    "int": 0,
    "float": 0.0,
    "bool": False,
    "datetime": "19700101T00:00:00Z",
    "ref": NULL_REF,
    "void": "",
}

Kind = Literal[
    "string", "int", "float", "bool", "datetime", "ref", "record", "set", "map", "enum", "option", "void", "other"
]


@dataclass(frozen=True, slots=True)
class Type:
    """A type as a small tree: `name` is the class of a ref or record, or the enum's; `key` is of maps only."""

    kind: Kind
    name: str = ""
    key: Type | None = None
    item: Type | None = None
    words: tuple[str, ...] = ()

    def zero(self) -> object:
        """A new value that means nothing: what an unset field reads."""
        if self.kind == "set":
            return []
        if self.kind in ("map", "record"):
            return {}
        if self.kind == "enum":
            return self.words[0]
        return _ZEROS.get(self.kind)


@dataclass(frozen=True, slots=True)
class Field:
    """A field; `qualifier` is RW, RO/constructor or RO/runtime."""

    name: str
    type: Type
    qualifier: str
    default: object = None
    has_default: bool = False

    def default_value(self) -> object:
        """A new value each time: the data model's default, else the zero of the type."""
        if self.has_default and _fits(self.default, self.type):
            return _copy(self.default)
        return self.type.zero()

    @property
    def writable(self) -> bool:
        return self.qualifier == "RW"


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter; one with a default may be left out at the end of a call."""

    name: str
    type: Type
    default: object = None
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A method of a class; `session` is false for the few that are called without one."""

    cls: str
    name: str
    params: tuple[Param, ...]
    result: Type
    role: str
    is_async: bool = False
    implicit: bool = False
    session: bool = True
    removed: bool = False
    pool_internal: bool = False

    @property
    def full_name(self) -> str:
        return f"{self.cls}.{self.name}"

    @property
    def required(self) -> int:
        """How many parameters must be there."""
        return sum(1 for param in self.params if not param.has_default)


@dataclass(frozen=True, slots=True)
class Relation:
    """The other end of a field: a ref with a set of refs on the far side (`many` false), or sets on both sides."""

    cls: str
    field: str
    many: bool


@dataclass(slots=True)
class Class:
    """A class; `forward` holds fields whose far end follows them, `reverse` fields that only follow."""

    name: str
    events: bool
    get_all_records: bool
    in_db: bool
    fields: dict[str, Field]
    messages: dict[str, Message]
    forward: dict[str, Relation] = field(default_factory=dict)
    reverse: dict[str, Relation] = field(default_factory=dict)

    lower: str = field(init=False)  # the spelling used in events

    def __post_init__(self) -> None:
        self.lower = self.name.lower()


@dataclass(frozen=True, slots=True)
class Schema:
    """The whole API. `by_lower` maps the spelling in events to the class's own."""

    api_version: str
    classes: dict[str, Class]
    enums: dict[str, tuple[str, ...]]
    by_lower: dict[str, str]
    methods: dict[str, Message]


@cache
def load() -> Schema:
    """The schema this package was generated with; read once."""
    raw = msgspec.json.decode((files("xensim") / "schema.json").read_bytes())
    return build(raw)


def build(raw: dict[str, Any]) -> Schema:
    enums = {name: tuple(words) for name, words in raw["enums"].items()}
    parser = _TypeParser(enums)
    classes = {name: _class(name, source, parser) for name, source in raw["classes"].items()}
    for near, far in raw["relations"]:
        _relate(classes, near, far)
    methods = {m.full_name: m for cls in classes.values() for m in cls.messages.values()}
    return Schema(
        api_version=raw["api_version"],
        classes=classes,
        enums=enums,
        by_lower={cls.lower: name for name, cls in classes.items()},
        methods=methods,
    )


def _class(name: str, source: dict[str, Any], parser: _TypeParser) -> Class:
    return Class(
        name=name,
        events=source["events"],
        get_all_records=source["get_all_records"],
        in_db=source["in_db"],
        fields={
            key: Field(key, parser.parse(item["type"]), item["q"], item.get("default"), "default" in item)
            for key, item in source["fields"].items()
        },
        messages={key: _message(name, key, item, parser) for key, item in source["messages"].items()},
    )


def _message(cls: str, name: str, source: dict[str, Any], parser: _TypeParser) -> Message:
    params = tuple(
        Param(item[0], parser.parse(item[1]), item[2] if len(item) > 2 else None, len(item) > 2)
        for item in source["params"]
    )
    return Message(
        cls=cls,
        name=name,
        params=params,
        result=parser.parse(source["result"]),
        role=source["role"],
        is_async=source.get("async", False),
        implicit=source.get("implicit", False),
        session=source.get("session", True),
        removed=source.get("removed", False),
        pool_internal=source.get("pool_internal", False),
    )


def _relate(classes: dict[str, Class], near: str, far: str) -> None:
    near_cls, near_field = near.split(".")
    far_cls, far_field = far.split(".")
    if classes[near_cls].fields[near_field].type.kind == "set":
        classes[near_cls].forward[near_field] = Relation(far_cls, far_field, many=True)
        classes[far_cls].forward[far_field] = Relation(near_cls, near_field, many=True)
    else:
        classes[near_cls].forward[near_field] = Relation(far_cls, far_field, many=False)
        classes[far_cls].reverse[far_field] = Relation(near_cls, near_field, many=False)


class _TypeParser:
    """Reads the data model's notation: `X ref`, `T set`, `(K -> V) map`, `enum N`, `T option`."""

    def __init__(self, enums: dict[str, tuple[str, ...]]) -> None:
        self._enums = enums
        self._known: dict[str, Type] = {}

    def parse(self, text: str) -> Type:
        if text not in self._known:
            self._known[text] = self._parse(text)
        return self._known[text]

    def _parse(self, text: str) -> Type:
        if text.endswith(" map"):
            key, value = _split_arrow(text[1:-5])
            return Type("map", key=self.parse(key), item=self.parse(value))
        for suffix in ("set", "option"):
            if text.endswith(f" {suffix}"):
                kind: Kind = "set" if suffix == "set" else "option"
                return Type(kind, item=self.parse(text[: -len(suffix) - 1]))
        if text.endswith(" ref"):
            return Type("ref", name=text[:-4])
        if text.endswith(" record"):
            return Type("record", name=text[:-7])
        if text.startswith("enum "):
            name = text[5:]
            return Type("enum", name=name, words=self._enums[name])
        match text:
            case "string" | "int" | "float" | "bool" | "datetime" | "void":
                return Type(text)
        return Type("other", name=text)


def _split_arrow(text: str) -> tuple[str, str]:
    """`K -> V` at depth zero: values may themselves be maps in parentheses."""
    depth = 0
    for at, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0 and text.startswith(" -> ", at):
            return text[:at], text[at + 4 :]
    raise ValueError(f"not a map: {text}")


def _fits(value: object, type_: Type) -> bool:
    """Whether a default of the data model has its field's type: a few in the sources have not."""
    if type_.kind in ("set", "map"):
        return isinstance(value, list if type_.kind == "set" else dict)
    if type_.kind == "enum":
        return value in type_.words
    return isinstance(value, type(type_.zero())) or type_.kind == "option"


def _copy(value: object) -> object:
    if isinstance(value, list):
        return list(value)
    return dict(value) if isinstance(value, dict) else value
