"""The floor of lists: uvicorn and a handler that sends the bytes of a file, the same ones each time, in one piece.

`python -m bench.static_server FILE PORT`
"""

import sys
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send


class Static:
    """One body for every request."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})


if __name__ == "__main__":
    uvicorn.run(
        Static(Path(sys.argv[1]).read_bytes()),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
    )
