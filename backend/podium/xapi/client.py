"""One door of a XenServer pool: JSON-RPC calls, with time limits, and failures decoded."""

import json
import ssl
from collections.abc import Callable, Sequence
from itertools import count
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
import msgspec

from podium.errors import PoolUnreachable
from podium.xapi.address import Address
from podium.xapi.errors import XapiError, XapiGarbage, XapiTransportError
from podium.xapi.transport import LIMIT, Transport, read_bounded
from podium.xapi.trust import Trust, context_for, untrusted

T = TypeVar("T")

MAX_WORDS: Final = 1_000
MAX_PARAMS: Final = 20

MAX_ANSWER: Final = 32 * 1024 * 1024
MAX_EVENTS: Final = 256 * 1024 * 1024
"""Bytes: all VMs of a pool six times as large as the largest we know. More would be paid with our memory."""

CALL_S: Final = 20.0
CONNECT_S: Final = 10.0
MAX_PARALLEL: Final = 20
"""Calls in flight at once to one pool; a XenServer has a thread for each."""


class _Failure(msgspec.Struct, gc=False):
    code: int = 0
    message: str = ""
    data: list[str] = []


class _Reply(msgspec.Struct, gc=False):
    """The envelope. `error` is an object in JSON-RPC 2.0, a plain list where XAPI fails outside its dispatcher."""

    result: msgspec.Raw = msgspec.Raw()
    error: _Failure | list[str] | None = None


_reply = msgspec.json.Decoder(_Reply)


class XapiClient:
    """Speaks to one address. Holds no session: that is `session.py`'s."""

    def __init__(self, address: Address, transport: httpx.AsyncBaseTransport) -> None:
        self.address = address
        self._transport = transport
        try:
            self._url = httpx.URL(f"{address.url}/jsonrpc")
        except httpx.InvalidURL as error:
            raise PoolUnreachable(f"{address.url} is not an address: {error}") from error
        self._headers = {"User-Agent": "podium", "Content-Type": "application/json"}
        self._ids = count(1)

    @classmethod
    async def open(cls, address: Address, trust: Trust, *, proxy: str | None = None) -> Self:
        """A client for one address; its certificate is judged before anything is sent.

        Raises CertificateUntrusted, PoolUnreachable, NotAXenServer.
        """
        context = await context_for(address, trust) if address.scheme == "https" else None
        if proxy is None:
            return cls(address, Transport(address, context, limit=MAX_PARALLEL))
        limits = httpx.Limits(max_connections=MAX_PARALLEL, max_keepalive_connections=MAX_PARALLEL)
        try:
            transport = httpx.AsyncHTTPTransport(verify=context or False, proxy=proxy, trust_env=False, limits=limits)
        except (httpx.InvalidURL, ValueError) as error:  # whose words would repeat the proxy's password
            raise PoolUnreachable("the address of the HTTP proxy is not valid") from error
        return cls(address, transport)

    async def call(self, method: str, *params: object, timeout_s: float = CALL_S) -> object:
        """One call's result as plain values. Raises XapiError, XapiTransportError, CertificateUntrusted."""
        decode = msgspec.json.decode
        return await self.call_raw(method, *params, timeout_s=timeout_s, decode=decode, limit_bytes=MAX_ANSWER)

    async def call_raw(
        self,
        method: str,
        *params: object,
        timeout_s: float = CALL_S,
        decode: Callable[[bytes | msgspec.Raw], T],
        limit_bytes: int = MAX_EVENTS,
    ) -> T:
        """One call, its result decoded from the bytes by `decode`. Raises as `call` does."""
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params})
        timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        request = httpx.Request(
            "POST",
            self._url,
            headers=self._headers,
            content=body,
            extensions={"timeout": timeout.as_dict(), LIMIT: limit_bytes},
        )
        response = await self._exchange(request, limit_bytes)
        content = response.content
        if response.status_code != httpx.codes.OK:
            raise XapiGarbage(f"{self.address.url} answers HTTP {response.status_code} to {method}")
        try:
            reply = _reply.decode(content)
            if reply.error is None:
                return decode(reply.result)
        except (msgspec.ValidationError, RecursionError) as error:
            raise XapiGarbage(f"{self.address.url} answers {method} in another shape: {error}") from error
        except (msgspec.DecodeError, UnicodeDecodeError):
            reply, result = self._lenient(content, method)
            if reply.error is None:
                return decode(result)
        failure = reply.error
        words = failure if isinstance(failure, list) else [failure.message, *failure.data]
        # they go into logs, and into what every client is shown of a server
        code, *details = [word[:MAX_WORDS] for word in words[: MAX_PARAMS + 1]] or [""]
        raise XapiError(code or "INTERNAL_ERROR", tuple(details))

    async def get(
        self, path: str, query: Sequence[tuple[str, str]], *, session: str, timeout_s: float, limit_bytes: int
    ) -> bytes:
        """The body that a handler answers, e.g. `/rrd_updates`. `session` goes into a cookie, not into the address.

        Raises XapiTransportError, XapiGarbage, CertificateUntrusted, PoolUnreachable.
        """
        request = httpx.Request(
            "GET",
            httpx.URL(f"{self.address.url}{path}", params=list(query)),
            headers={"User-Agent": "podium", "Cookie": f"session_id={session}", "Accept": "application/json"},
            extensions={
                "timeout": httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)).as_dict(),
                LIMIT: limit_bytes,
            },
        )
        response = await self._exchange(request, limit_bytes)
        if response.status_code != httpx.codes.OK:
            raise XapiGarbage(f"{self.address.url} answers HTTP {response.status_code} to {path}")
        return response.content

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _exchange(self, request: httpx.Request, limit_bytes: int) -> httpx.Response:
        """One exchange, its body read."""
        try:
            # without httpx's client before it: there are no cookies, redirects or credentials to follow
            response = await self._transport.handle_async_request(request)
            if response.is_stream_consumed:
                return response
            return httpx.Response(response.status_code, content=await read_bounded(response, limit_bytes))
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            raise await self._failure(error) from error

    def _lenient(self, content: bytes, method: str) -> tuple[_Reply, bytes]:
        """Bare NaN and Infinity are XAPI's way (PROTOCOL 1.3) and json's, but not JSON's."""
        try:
            whole = json.loads(content, parse_constant=lambda _: None)
            reply = msgspec.convert({"error": whole.get("error")}, _Reply)
            return reply, msgspec.json.encode(whole.get("result"))
        except (ValueError, AttributeError, RecursionError) as error:
            raise XapiGarbage(f"{self.address.url} does not answer {method} in JSON") from error

    async def _failure(self, error: Exception) -> Exception:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return await untrusted(self.address, cause)
            cause = cause.__cause__ or cause.__context__
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return PoolUnreachable(f"{self.address.url} does not answer: {str(error) or 'timed out'}")
        if isinstance(error, httpx.TimeoutException):
            return XapiTransportError(f"{self.address.url} did not answer in time")
        return XapiTransportError(f"{self.address.url}: {str(error) or type(error).__name__}")
