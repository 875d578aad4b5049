"""A small client for tests: JSON-RPC 2.0 on connections of its own, failures as XapiFailure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.xensim.wire import Reply, exchange
from xensim import Sim
from xensim.failures import XapiFailure


@dataclass(slots=True)
class Caller:
    """Calls one host of a simulator; `session` goes before the arguments of `call`."""

    sim: Sim
    session: str = ""
    address: str = ""

    async def raw(self, method: str, *params: object) -> Any:
        """A call with exactly these parameters; the result."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        reply = json.loads((await self.post(body)).body)
        if "error" in reply:
            raise XapiFailure(reply["error"]["message"], *reply["error"]["data"])
        return reply["result"]

    async def call(self, method: str, *params: object) -> Any:
        return await self.raw(method, self.session, *params)

    async def post(self, body: str, path: str = "/jsonrpc", *headers: str) -> Reply:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n" + "".join(f"{line}\r\n" for line in headers)
        data = body.encode()
        return await exchange(
            self.address or self.sim.coordinator,
            self.sim.port,
            f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data,
        )

    async def login(self) -> Caller:
        self.session = await self.raw("session.login_with_password", "root", "xensim", "2.23", "tests")
        return self

    async def events(self, classes: list[str], token: str = "", timeout: float = 5.0) -> Any:  # noqa: ASYNC109
        return await self.call("event.from", classes, token, timeout)


def failure(error: XapiFailure) -> list[str]:
    return error.description
