"""Arguments of a call: counted, converted and defaulted as XAPI's generated dispatcher does."""

from __future__ import annotations

from xensim.clock import epoch, wire_date
from xensim.failures import XapiFailure, internal_error
from xensim.schema import Class, Message, Schema, Type


def count(message: Message, params: list[object]) -> None:
    """Raises MESSAGE_PARAMETER_COUNT_MISMATCH; where some parameters have defaults, surplus ones are ignored."""
    received = len(params) - int(message.session)
    loose = message.required < len(message.params)
    if received < message.required or (received > len(message.params) and not loose):
        raise XapiFailure("MESSAGE_PARAMETER_COUNT_MISMATCH", message.full_name, str(message.required), str(received))


def convert(message: Message, params: list[object], schema: Schema) -> list[object]:
    """The arguments after the session, each of its type. Raises INTERNAL_ERROR with the text a client would see."""
    given = params[int(message.session) :]
    values = [coerce(value, param.type, schema) for param, value in zip(message.params, given, strict=False)]
    values.extend(param.default for param in message.params[len(given) :])
    return values


def coerce(value: object, type_: Type, schema: Schema) -> object:  # noqa: C901, PLR0912 - one case per type
    """A value as XAPI's unmarshaller takes it: ints may come as text, floats as int or text, nothing else converts."""
    match type_.kind:
        case "string" | "ref":
            if isinstance(value, str):
                return value
            raise _expected("string", value)
        case "int":
            return _int(value)
        case "float":
            return _float(value)
        case "bool":
            if isinstance(value, bool):
                return value
            raise _expected("bool", value)
        case "datetime":
            return _datetime(value)
        case "enum":
            if not isinstance(value, str):
                raise _expected("string", value)
            if value in type_.words:
                return value
            raise internal_error('Failure("Unknown tag/contents")')
        case "set":
            if not isinstance(value, list):
                raise _expected("list", value)
            item = type_.item
            return value if item is None else [coerce(element, item, schema) for element in value]
        case "map":
            if not isinstance(value, dict):
                raise _expected("dictionary", value)
            return _map(value, type_, schema)
        case "record":
            return _record(value, schema.classes.get(type_.name), schema)
        case _:
            return value


def _map(value: dict[object, object], type_: Type, schema: Schema) -> dict[object, object]:
    """Keys stay strings, as they are on the wire, but must read as their type."""
    if type_.key is None or type_.item is None:
        return value
    for key in value:
        coerce(key, type_.key, schema)
    return {key: coerce(element, type_.item, schema) for key, element in value.items()}


def _int(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            raise internal_error('Failure("Int64.of_string")') from None
    raise _expected("int64", value)


def _float(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise internal_error('Failure("float_of_string")') from None
    raise _expected("float", value)


def _datetime(value: object) -> str:
    if not isinstance(value, str):
        raise _expected("datetime", value)
    try:
        return wire_date(epoch(value))
    except (ValueError, OverflowError):
        raise internal_error(f"Invalid argument: Clock__Date.of_iso8601: {value}") from None


def _record(value: object, cls: Class | None, schema: Schema) -> dict[str, object]:
    """The struct of a constructor: every field of it that has no default must be there."""
    if not isinstance(value, dict):
        raise internal_error('Failure("bad __structure")')
    if cls is None:
        return dict(value)
    record: dict[str, object] = {}
    for field in cls.fields.values():
        if field.name in value:
            if field.qualifier != "RO/runtime":
                record[field.name] = coerce(value[field.name], field.type, schema)
        elif field.qualifier != "RO/runtime" and not field.has_default:
            raise internal_error(f'Server_helpers.Dispatcher_FieldNotFound("{field.name}")')
    return record


def _expected(what: str, value: object) -> XapiFailure:
    return internal_error(f"Failure(\"Expected {what}, got '{ocaml(value)}'\")")


def ocaml(value: object) -> str:
    """A value as XAPI prints what it did not expect."""
    if value is None:
        return "N"
    if isinstance(value, bool):
        return f"B({str(value).lower()})"
    if isinstance(value, int):
        return f"I({value})"
    if isinstance(value, float):
        return f"F({value:g})"
    if isinstance(value, list):
        return "[" + ";".join(map(ocaml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ";".join(f"{key}:{ocaml(element)}" for key, element in value.items()) + "}"
    return f"S({value})"
