"""The RPC endpoints: a request body in, a reply body out."""

from dataclasses import dataclass

from xensim import jsonrpc, xmlrpc
from xensim.dispatch import Dispatcher
from xensim.failures import XapiFailure


class InternalError(Exception):
    """What XAPI shows as an HTML page: the text is the OCaml exception."""


@dataclass(frozen=True, slots=True)
class Reply:
    content_type: str
    body: list[bytes]


class Endpoint:
    """RPC as one host answers it."""

    def __init__(self, dispatcher: Dispatcher, host: str) -> None:
        self._dispatcher = dispatcher
        self._host = host

    async def json(self, body: bytes) -> Reply:
        """Raises InternalError for what is no request at all."""
        try:
            request = jsonrpc.decode(body)
        except jsonrpc.BadText:
            return _json(jsonrpc.outside(XapiFailure("INVALID_VALUE", "params", "not valid UTF-8")))
        except jsonrpc.Malformed as error:
            raise InternalError(str(error)) from error
        params = request.params
        try:
            result = await self._dispatcher.call(self._host, request.method, params)
            return Reply("application/json", jsonrpc.success(request, result.value, result.type))
        except XapiFailure as error:
            return _json(jsonrpc.failure(request, error))

    async def xml(self, body: bytes) -> Reply:
        """Raises InternalError for what is no request at all."""
        try:
            method, params = xmlrpc.decode(body)
        except xmlrpc.Malformed as error:
            raise InternalError(str(error)) from error
        try:
            result = await self._dispatcher.call(self._host, method, params)
        except XapiFailure as error:
            return _xml(xmlrpc.failure(error))
        if result.bare:
            return _xml(xmlrpc.bare(result.value, result.type))
        return _xml(xmlrpc.success(result.value, result.type))


def _json(body: bytes) -> Reply:
    return Reply("application/json", [body])


def _xml(body: bytes) -> Reply:
    return Reply("text/xml", [body])
