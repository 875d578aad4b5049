"""What a host answers by method and path: the RPC endpoints, and refusals for the rest."""

import asyncio

from xensim.conditions import Conditions
from xensim.http import Handler, Request, Response, forbidden, internal_error, not_implemented, page
from xensim.rpc import Endpoint, InternalError, Reply

_CORS = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "X-Requested-With")]


class Web:
    """One host's HTTP. `tls` because the static files of plain HTTP are forbidden, and over TLS not there."""

    def __init__(self, endpoint: Endpoint, conditions: Conditions, updates: Handler, *, tls: bool) -> None:
        """`updates`: who answers requests for measurements, which keep the connection, unlike other handlers."""
        self._endpoint = endpoint
        self._updates = updates
        self._conditions = conditions
        self._tls = tls

    async def answer(self, request: Request) -> Response:
        await self._misbehave()
        match request.method:
            case "POST":
                return await self._rpc(request)
            case "OPTIONS":
                return _preflight(request)
            case "GET" if request.path.startswith("/rrd_updates"):
                return await self._updates(request)
            case "GET" if self._tls:
                return page(404, "not found", "The requested resource was not found.")
            case "GET" | "PUT":
                return forbidden()
        return not_implemented(request.method)

    async def _rpc(self, request: Request) -> Response:
        """Paths are matched by their longest known prefix: any other POST is XML-RPC, /json too."""
        speak = self._endpoint.json if request.path.startswith("/jsonrpc") else self._endpoint.xml
        try:
            reply: Reply = await speak(request.body)
        except InternalError as error:
            return internal_error(str(error))
        return Response(200, reply.body, [("content-type", reply.content_type), *_CORS])

    async def _misbehave(self) -> None:
        loop = asyncio.get_running_loop()
        if self._conditions.slow_s:
            await asyncio.sleep(self._conditions.slow_s)
        if loop.time() < self._conditions.hang_until:
            await asyncio.Event().wait()  # for ever: hanging ends by the client's going away

    def spoil(self, body: list[bytes]) -> tuple[list[bytes], bool]:
        """A body as the faults in force leave it; false when the connection must not go on."""
        match self._conditions.take_spoiled():
            case "garbage":
                length = sum(map(len, body))
                return [(b"\x00\xff<garbage" * (length // 10 + 1))[:length]], True
            case "truncated":
                whole = b"".join(body)
                return [whole[: len(whole) // 2]], False
        return body, True


def _preflight(request: Request) -> Response:
    wanted = request.headers.get("access-control-request-headers", "")
    allowed = f"{wanted}, X-Requested-With" if wanted else "X-Requested-With"
    return Response(
        200,
        [],
        [
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Headers", allowed),
            ("Access-Control-Allow-Methods", "PUT"),
        ],
    )
