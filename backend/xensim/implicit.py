"""The methods every class has: reading records and fields, writing writable ones, creating and destroying."""

from collections.abc import Callable

from xensim.encoding import Encoded
from xensim.failures import XapiFailure
from xensim.filters import compile_expression
from xensim.registry import Call, Operation
from xensim.results import Record, Records
from xensim.schema import Class, Message, Schema


def implicit(schema: Schema, message: Message) -> Operation | None:
    """The generic function of a method, None when it needs an operation of its own."""
    cls = schema.classes[message.cls]
    make = _WHOLE.get(message.name)
    if make is not None:
        return make(cls)
    if message.implicit and message.name in ("create", "destroy"):
        return _create(cls) if message.name == "create" else _destroy(cls)
    # Setters of fields "with effect" are no implicit methods; plain writing is what they come to.
    for prefix, parameters, make_field in _PER_FIELD:
        field = message.name.removeprefix(prefix)
        if message.name.startswith(prefix) and field in cls.fields and len(message.params) == parameters:
            return make_field(cls, field)
    return None


def _get_all(cls: Class) -> Operation:
    return lambda call: list(call.db.refs(cls.name))


def _get_all_records(cls: Class) -> Operation:
    def get_all_records(call: Call) -> Encoded:
        return Records(call.db.rows(cls.name).values())

    return get_all_records


def _get_all_records_where(cls: Class) -> Operation:
    def get_all_records_where(call: Call, expression: str) -> Encoded:
        matches = compile_expression(expression, cls)
        return Records([row for row in call.db.rows(cls.name).values() if matches(row.record)])

    return get_all_records_where


def _get_all_where(cls: Class) -> Operation:
    def get_all_where(call: Call, expression: str) -> list[str]:
        matches = compile_expression(expression, cls)
        return [ref for ref, row in call.db.rows(cls.name).items() if matches(row.record)]

    return get_all_where


def _get_record(cls: Class) -> Operation:
    def get_record(call: Call, self: str) -> Encoded:
        return Record(call.db.row(cls.name, self))

    return get_record


def _get_by_uuid(cls: Class) -> Operation:
    return lambda call, uuid: call.db.by_uuid(cls.name, uuid)


def _get_by_name_label(cls: Class) -> Operation:
    return lambda call, label: call.db.by_name(cls.name, label)


def _create(cls: Class) -> Operation:
    return lambda call, record: call.db.create(cls.name, record)


def _destroy(cls: Class) -> Operation:
    return lambda call, self: call.db.destroy(cls.name, self)


def _get(cls: Class, field: str) -> Operation:
    return lambda call, self: call.db.field(cls.name, self, field)


def _set(cls: Class, field: str) -> Operation:
    return lambda call, self, value: call.db.set(cls.name, self, **{field: value})


def _add_to(cls: Class, field: str) -> Operation:
    def add_to(call: Call, self: str, key: str, value: object) -> None:
        entries = call.db.entries(cls.name, self, field)
        if key in entries:
            raise XapiFailure("MAP_DUPLICATE_KEY", cls.name, field, self, key)
        if not key:
            raise XapiFailure("INVALID_VALUE", "key", key)
        call.db.set(cls.name, self, **{field: {**entries, key: value}})

    return add_to


def _remove_from(cls: Class, field: str) -> Operation:
    def remove_from(call: Call, self: str, key: str) -> None:
        entries = call.db.entries(cls.name, self, field)
        if key in entries:
            call.db.set(cls.name, self, **{field: {other: entries[other] for other in entries if other != key}})

    return remove_from


def _add(cls: Class, field: str) -> Operation:
    def add(call: Call, self: str, value: object) -> None:
        elements = call.db.items(cls.name, self, field)
        if value not in elements:
            call.db.set(cls.name, self, **{field: [*elements, value]})

    return add


def _remove(cls: Class, field: str) -> Operation:
    def remove(call: Call, self: str, value: object) -> None:
        elements = call.db.items(cls.name, self, field)
        if value in elements:
            call.db.set(cls.name, self, **{field: [element for element in elements if element != value]})

    return remove


_WHOLE: dict[str, Callable[[Class], Operation]] = {
    "get_all": _get_all,
    "get_all_records": _get_all_records,
    "get_all_records_where": _get_all_records_where,
    "get_all_where": _get_all_where,
    "get_record": _get_record,
    "get_by_uuid": _get_by_uuid,
    "get_by_name_label": _get_by_name_label,
}

# Longer prefixes first: add_to_tags is no add_ of a field `to_tags`.
_PER_FIELD: tuple[tuple[str, int, Callable[[Class, str], Operation]], ...] = (
    ("get_", 1, _get),
    ("set_", 2, _set),
    ("add_to_", 3, _add_to),
    ("remove_from_", 2, _remove_from),
    ("add_", 2, _add),
    ("remove_", 2, _remove),
)
