"""What does not hold together in a database: missing fields, wrong types, refs to nothing, relations with one end."""

import re
from collections.abc import Collection, Iterator

from xensim.database import Database
from xensim.graph.oddities import DANGLING
from xensim.schema import NULL_REF, Class, Relation, Type

_DATE = re.compile(r"\d{8}T\d\d:\d\d:\d\dZ")
_PLAIN: dict[str, tuple[type, ...]] = {"string": (str,), "int": (int,), "float": (float, int), "bool": (bool,)}


def problems(db: Database, *, dangling: Collection[tuple[str, str]] = DANGLING) -> list[str]:
    """A line for each thing that is wrong; `dangling` names the (class, field) pairs whose refs may lead nowhere."""
    found: list[str] = []
    for name, cls in db.schema.classes.items():
        for ref, row in db.rows(name).items():
            found += [f"{name} {ref}: {problem}" for problem in _row(db, cls, ref, row.record, dangling)]
    return found


def _row(
    db: Database, cls: Class, ref: str, record: dict[str, object], dangling: Collection[tuple[str, str]]
) -> Iterator[str]:
    if record.keys() != cls.fields.keys():
        yield f"fields {sorted(record.keys() ^ cls.fields.keys())}"
        return
    for field in cls.fields.values():
        value = record[field.name]
        if not fits(value, field.type):
            yield f"{field.name} is {value!r}"
            continue
        for target, far in refs_in(value, field.type):
            if not db.exists(target, far) and (cls.name, field.name) not in dangling:
                yield f"{field.name} leads nowhere"
        relation = cls.forward.get(field.name) or cls.reverse.get(field.name)
        if relation:
            yield from _other_end(db, ref, field.name, value, relation)


def _other_end(db: Database, ref: str, name: str, value: object, relation: Relation) -> Iterator[str]:
    for far in value if isinstance(value, list) else [value]:
        if not isinstance(far, str) or not db.exists(relation.cls, far):
            continue
        back = db.field(relation.cls, far, relation.field)
        if back != ref and not (isinstance(back, list) and ref in back):
            yield f"{name} names {relation.cls} {far}, whose {relation.field} does not name it"


def fits(value: object, type_: Type) -> bool:
    """Whether a value is of its type on the wire."""
    match type_.kind:
        case "datetime":
            return isinstance(value, str) and _DATE.fullmatch(value) is not None
        case "enum":
            return value in type_.words
        case "ref":
            return isinstance(value, str)
        case "set":
            return isinstance(value, list) and all(type_.item is None or fits(item, type_.item) for item in value)
        case "map":
            return isinstance(value, dict) and all(
                isinstance(key, str) and (type_.item is None or fits(item, type_.item)) for key, item in value.items()
            )
    kinds = _PLAIN.get(type_.kind)
    return kinds is None or (isinstance(value, kinds) and isinstance(value, bool) == (type_.kind == "bool"))


def refs_in(value: object, type_: Type) -> Iterator[tuple[str, str]]:
    """The (class, ref) pairs in a value, null ones left out."""
    if type_.kind == "ref" and isinstance(value, str) and value not in {"", NULL_REF}:
        yield type_.name, value
    elif type_.kind == "set" and isinstance(value, list) and type_.item is not None:
        for item in value:
            yield from refs_in(item, type_.item)
    elif type_.kind == "map" and isinstance(value, dict):
        for key, item in value.items():
            if type_.key is not None:
                yield from refs_in(key, type_.key)
            if type_.item is not None:
                yield from refs_in(item, type_.item)
