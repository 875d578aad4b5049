"""XML-RPC as XAPI speaks it: untagged strings and ints, everything in a struct of Status and Value."""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

import defusedxml.ElementTree as Safe
from defusedxml.common import DefusedXmlException

from xensim.database import Row
from xensim.encoding import Encoded
from xensim.failures import XapiFailure
from xensim.schema import Type, load

_HEAD = '<?xml version="1.0"?><methodResponse><params><param>'
_TAIL = "</param></params></methodResponse>"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_STRING = Type("string")
_UNTYPED = Type("other")


class Malformed(Exception):
    """A body that is no method call; the text is what XAPI's parser says of it."""


def decode(body: bytes) -> tuple[str, list[object]]:
    """Method and parameters of a methodCall. Raises Malformed."""
    try:
        root = Safe.fromstring(body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Malformed('Xmlm.Error(1:1, "expected root element")') from error
    if root.tag != "methodCall":
        raise Malformed(f'Xmlrpc.Parse_error("open_tag({root.tag})", "open_tag(methodCall)", _)')
    name = root.findtext("methodName")
    if name is None:
        raise Malformed('Xmlrpc.Parse_error("close_tag", "open_tag(methodName)", _)')
    params = [decode_value(value) for value in root.iterfind("params/param/value")]
    return name.strip(), params


def decode_value(element: Element) -> object:
    """What is in a `<value>`; numbers without a tag stay text. Raises Malformed."""
    if len(element) == 0:
        return element.text or ""
    inner = element[0]
    text = inner.text or ""
    try:
        match inner.tag:
            case "string" | "dateTime.iso8601" | "base64":
                return text
            case "int" | "i4" | "i8":
                return int(text)
            case "double":
                return float(text)
            case "boolean":
                return text.strip() == "1"
            case "nil":
                return None
            case "array":
                return [decode_value(value) for value in inner.iterfind("data/value")]
            case "struct":
                return {member.findtext("name") or "": _member(member) for member in inner.iterfind("member")}
    except ValueError as error:
        raise Malformed(f'Failure("{text}")') from error
    raise Malformed(f'Xmlrpc.Parse_error("open_tag({inner.tag})", "value", _)')


def _member(member: Element) -> object:
    value = member.find("value")
    if value is None:
        raise Malformed('Xmlrpc.Parse_error("close_tag", "open_tag(value)", _)')
    return decode_value(value)


def success(value: object, type_: Type) -> bytes:
    """A reply with a result."""
    status = struct((("Status", "<value>Success</value>"), ("Value", encode(value, type_))))
    return f"{_HEAD}{status}{_TAIL}".encode()


def failure(error: XapiFailure) -> bytes:
    """A reply with a failure: an ordinary response, never a fault."""
    description = array(encode(text, _STRING) for text in error.description)
    status = struct((("Status", "<value>Failure</value>"), ("ErrorDescription", description)))
    return f"{_HEAD}{status}{_TAIL}".encode()


def bare(value: object, type_: Type) -> bytes:
    """A reply outside the Status struct: of `system.listMethods` alone."""
    return f"{_HEAD}{encode(value, type_)}{_TAIL}".encode()


def fragment(value: object, type_: Type) -> str:
    """A result as `task.result` holds it: `<value>OpaqueRef:...</value>`."""
    return encode(value, type_)


def encode(value: object, type_: Type) -> str:
    """A value with its tags; the type says what Python cannot: that a string is a date, that a record has fields."""
    if isinstance(value, Encoded):
        return value.xml()
    if value is None:
        return "<value></value>"
    if isinstance(value, bool):
        return f"<value><boolean>{int(value)}</boolean></value>"
    if isinstance(value, float) or (type_.kind == "float" and isinstance(value, int)):
        return f"<value><double>{value:.16g}</double></value>"
    if isinstance(value, list):
        item = type_.item or _UNTYPED
        return array(encode(element, item) for element in value)
    if isinstance(value, dict):
        return _dict(value, type_)
    if type_.kind == "datetime":
        return f"<value><dateTime.iso8601>{value}</dateTime.iso8601></value>"
    return f"<value>{text(str(value))}</value>"


def _dict(value: dict[object, object], type_: Type) -> str:
    fields = load().classes[type_.name].fields if type_.kind == "record" else None
    if fields is None:
        item = type_.item or _UNTYPED
        return struct((str(key), encode(element, item)) for key, element in value.items())
    return struct(
        (str(key), encode(element, fields[str(key)].type if key in fields else _UNTYPED))
        for key, element in value.items()
    )


def value_of_row(row: Row) -> str:
    fields = row.cls.fields
    return struct((key, encode(element, fields[key].type)) for key, element in row.record.items())


def struct(members: Iterable[tuple[str, str]]) -> str:
    """A struct of names and encoded values."""
    inner = "".join(f"<member><name>{text(name)}</name>{value}</member>" for name, value in members)
    return f"<value><struct>{inner}</struct></value>"


def array(values: Iterable[str]) -> str:
    """An array of encoded values."""
    return f"<value><array><data>{''.join(values)}</data></array></value>"


def text(value: str) -> str:
    """Escaped, without the control characters that XML cannot hold."""
    return escape(_CONTROL.sub("", value), {'"': "&quot;"})
