"""Rows that go from one pool's database to another's: the same uuids under new refs, with their relations."""

from collections.abc import Iterable, Mapping

from xensim.content import BLOCK
from xensim.failures import XapiFailure
from xensim.pool import Pool
from xensim.schema import NULL_REF, Type

Rows = Mapping[str, Iterable[str]]  # refs by class


def copy(source: Pool, target: Pool, rows: Rows, known: Mapping[str, str]) -> dict[str, str]:
    """Copy rows, and what is on those that are disks; the new ref of each old one.

    `known`: what stands in `target` for refs to rows that are not copied; refs to anything else are dropped. A uuid
    that is taken there is replaced.
    """
    made = dict(known)
    for name, refs in rows.items():
        cls = source.db.schema.classes[name]
        ends = {*cls.forward, *cls.reverse}
        for ref in refs:
            record = source.db.record(name, ref)
            fields = {field: record[field] for field in record if field not in ends}
            if _is_taken(target, name, str(record.get("uuid"))):
                fields["uuid"] = ""
            made[ref] = target.db.create(name, fields)
    for name, refs in rows.items():
        cls = source.db.schema.classes[name]
        for ref in refs:
            record = source.db.record(name, ref)
            fields = {
                field.name: _translated(record[field.name], field.type, made)
                for field in cls.fields.values()
                if field.name not in cls.reverse and _has_refs(field.type)
            }
            target.db.set(name, made[ref], **fields)
    for ref in rows.get("VDI", ()):
        for index in source.contents.blocks(ref):
            target.contents.write(made[ref], index * BLOCK, source.contents.read(ref, index * BLOCK, BLOCK))
    return made


def _is_taken(target: Pool, cls: str, uuid: str) -> bool:
    try:
        target.db.by_uuid(cls, uuid)
    except XapiFailure:
        return False
    return True


def _has_refs(type_: Type) -> bool:
    parts = (type_.key, type_.item)
    return type_.kind == "ref" or any(part is not None and _has_refs(part) for part in parts)


def _translated(value: object, type_: Type, made: Mapping[str, str]) -> object:
    if type_.kind == "ref":
        return made.get(str(value), NULL_REF)
    if isinstance(value, list) and type_.item is not None and type_.item.kind == "ref":
        return [made[ref] for ref in value if ref in made]
    if isinstance(value, dict):
        keys = type_.key is not None and type_.key.kind == "ref"
        values = type_.item is not None and type_.item.kind == "ref"
        return {
            made[key] if keys else key: made[item] if values else item
            for key, item in value.items()
            if (not keys or key in made) and (not values or item in made)
        }
    return value
