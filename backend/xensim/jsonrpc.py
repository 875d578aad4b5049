"""JSON-RPC 1.0 and 2.0 as XAPI speaks them, told apart by the `jsonrpc` member; what is malformed gets no JSON back."""

from dataclasses import dataclass

import msgspec

from xensim.encoding import encode, to_json
from xensim.failures import XapiFailure
from xensim.schema import Type


class Malformed(Exception):
    """A body that is no request; the text is what XAPI's parser says of it."""


class BadText(Exception):
    """A body that is not UTF-8, which XAPI notices only after it parsed it."""


@dataclass(frozen=True, slots=True)
class Request:
    version2: bool
    id: int | str | None
    method: str
    params: list[object]


def decode(body: bytes) -> Request:
    """Raises Malformed or BadText."""
    document = _parse(body)
    if not isinstance(document, dict):
        raise Malformed('Jsonrpc.Malformed_method_request("Invalid request body")')
    version2 = "jsonrpc" in document
    if version2 and document["jsonrpc"] != "2.0":
        raise _invalid("jsonrpc")
    method = document.get("method")
    if not isinstance(method, str):
        raise _invalid("method")
    identity = document.get("id")
    if version2 and (not isinstance(identity, int | str) or isinstance(identity, bool)):
        raise _invalid("id")
    params = document.get("params", [])
    return Request(version2, identity, method, params if isinstance(params, list) else [params])


def _parse(body: bytes) -> object:
    if not body.strip():
        raise Malformed('Yojson__Common.Json_error("Blank input data")')
    try:
        return msgspec.json.decode(body)
    except UnicodeDecodeError as error:
        raise BadText from error
    except msgspec.DecodeError as error:
        if "UTF-8" in str(error) or "utf-8" in str(error):
            raise BadText from error
        raise Malformed(f'Yojson__Common.Json_error("Line 1, bytes {_complaint(body)}")') from error


def _complaint(body: bytes) -> str:
    """Where and why; good for bodies that end too early and for those that are no JSON from the start."""
    if body.lstrip()[:1] in (b"{", b"["):
        return f"{len(body) - 1}-{len(body)}:\nUnexpected end of input"
    return f"0-{len(body)}:\nInvalid token '{body[:33].decode(errors='replace')}'"


def _invalid(member: str) -> Malformed:
    return Malformed(f"Jsonrpc.Malformed_method_request(\"Invalid field '{member}' in request body\")")


def success(request: Request, value: object, type_: Type) -> list[bytes]:
    """A reply with a result, in pieces."""
    result = to_json(value, type_)
    identity = encode(request.id)
    if request.version2:
        return [b'{"jsonrpc":"2.0","result":', *result, b',"id":', identity, b"}"]
    return [b'{"result":', *result, b',"error":null,"id":', identity, b"}"]


def failure(request: Request, error: XapiFailure) -> bytes:
    """A reply with a failure, in the shape of the request's version."""
    identity = encode(request.id)
    if request.version2:
        body = encode({"code": 1, "message": error.code, "data": list(error.params)})
        return b"".join((b'{"jsonrpc":"2.0","error":', body, b',"id":', identity, b"}"))
    return b"".join((b'{"result":null,"error":', encode(error.description), b',"id":', identity, b"}"))


def outside(error: XapiFailure) -> bytes:
    """A failure that no request was parsed for: a plain list in the 2.0 envelope, id 0."""
    return b"".join((b'{"jsonrpc":"2.0","error":', encode(error.description), b',"id":0}'))
